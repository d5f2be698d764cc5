//! What the machine is made of and isn't there, and the commands that bring it.

use std::fmt;
use std::fs;

use crate::programs::PROGRAMS;

/// The error when something is missing. Displayed, it ends with the commands that install it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    pub(crate) programs: Vec<&'static str>,
    /// What kernels there are and why none will do; `None` when there is one that will.
    pub(crate) kernel: Option<String>,
    /// A certain kernel was asked for: another one would be no help.
    pub(crate) certain_kernel: bool,
    pub(crate) virtme: bool,
    /// /lib/modules itself; the guest, whose root is read-only, mounts on it.
    pub(crate) modules_directory: bool,
    pub(crate) fedora: bool,
}

impl Missing {
    pub(crate) fn nothing(&self) -> bool {
        self.programs.is_empty() && self.kernel.is_none() && !self.virtme && !self.modules_directory
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut what: Vec<String> = self.programs.iter().map(|name| name.to_string()).collect();
        what.extend(self.kernel.clone());
        what.extend(self.virtme.then(|| "virtme-ng".to_string()));
        what.extend(self.modules_directory.then(|| "the directory /lib/modules".to_string()));
        write!(f, "the throwaway machine can't be made; missing: {}", what.join(", "))?;
        if !self.programs.is_empty() {
            let packages = |of: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
                let mut names: Vec<&str> =
                    PROGRAMS.iter().filter(|(name, ..)| self.programs.contains(name)).map(of).collect();
                names.dedup();
                names.join(" ")
            };
            if self.fedora {
                write!(f, "\n    sudo dnf install {}", packages(|(_, _, fedora)| fedora))?;
            } else {
                write!(f, "\n    sudo apt-get install --no-install-recommends {}", packages(|(_, debian, _)| debian))?;
            }
        }
        if self.modules_directory {
            write!(f, "\n    sudo mkdir /lib/modules")?;
        }
        let any_kernel = self.kernel.is_some() && !self.certain_kernel;
        if any_kernel && self.fedora {
            write!(f, "\n    sudo dnf install kernel-core kernel-modules")?;
        }
        if self.virtme || (any_kernel && !self.fedora) {
            write!(f, "\n    cargo wb vm --install        (downloads it, without root)")?;
        }
        Ok(())
    }
}

impl std::error::Error for Missing {}

/// Whether programs come by dnf here: os-release(5).
pub(crate) fn on_fedora() -> bool {
    let text = fs::read_to_string("/etc/os-release").or_else(|_| fs::read_to_string("/usr/lib/os-release"));
    is_fedora(&text.unwrap_or_default())
}

fn is_fedora(os_release: &str) -> bool {
    let values = os_release.lines().filter_map(|line| line.strip_prefix("ID=").or(line.strip_prefix("ID_LIKE=")));
    values.flat_map(|value| value.trim_matches('"').split(' ')).any(|id| id == "fedora" || id == "rhel")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(fedora: bool) -> Missing {
        Missing {
            programs: vec!["qemu-system-x86_64", "udevadm"],
            kernel: Some("a kernel".into()),
            certain_kernel: false,
            virtme: true,
            modules_directory: false,
            fedora,
        }
    }

    #[test]
    fn debian_is_told_its_own_packages() {
        let text = missing(false).to_string();
        assert!(text.contains("sudo apt-get install --no-install-recommends qemu-system-x86 udev\n"), "{text}");
        assert!(text.contains("cargo wb vm --install"), "{text}");
    }

    #[test]
    fn fedora_is_told_its_own_packages() {
        let text = missing(true).to_string();
        assert!(text.contains("sudo dnf install qemu-system-x86-core systemd-udev\n"), "{text}");
        assert!(text.contains("kernel-core"), "{text}");
    }

    #[test]
    fn what_is_there_is_not_asked_for() {
        let text = Missing { programs: vec![], kernel: None, ..missing(false) }.to_string();
        assert!(!text.contains("apt-get") && text.contains("--install"), "{text}");
    }

    #[test]
    fn whoever_asks_for_a_certain_kernel_is_not_offered_another_one() {
        let text = Missing { programs: vec![], virtme: false, certain_kernel: true, ..missing(false) }.to_string();
        assert!(text.contains("a kernel") && !text.contains("--install"), "{text}");
    }

    #[test]
    fn distributions_are_told_apart() {
        assert!(is_fedora("NAME=x\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n") && is_fedora("ID=fedora\n"));
        assert!(!is_fedora("ID=ubuntu\nID_LIKE=debian\n"));
    }
}
