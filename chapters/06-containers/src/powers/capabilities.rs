//! Capabilities: the powers of root, in 41 pieces. capabilities(7)

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use ch01_namespaces::explain::note;
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};
use nix::unistd::Uid;

use crate::{steps, sys};

/// All of Linux 6.x, in the order of their numbers.
pub const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// What a container keeps by default, as Docker documents it ("Runtime privilege and Linux
/// capabilities").
pub const DEFAULT: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// A set, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities(u64);

impl Capabilities {
    /// All that are known.
    pub const ALL: Capabilities = Capabilities((1 << NAMES.len()) - 1);

    fn one(name: &str) -> Result<Capabilities> {
        let upper = name.to_uppercase();
        let bare = upper.strip_prefix("CAP_").unwrap_or(&upper);
        match NAMES.iter().position(|known| *known == bare) {
            Some(number) => Ok(Capabilities(1 << number)),
            None => bail!("invalid capability {name:?}: see capabilities(7), such as NET_ADMIN; or ALL"),
        }
    }

    // ANCHOR: decide
    /// What is left: the default, with what is dropped and added. ALL is taken first, so that
    /// `--cap-drop ALL --cap-add CHOWN` means one, in whatever order it is typed.
    pub fn decide(add: &[String], drop: &[String], privileged: bool) -> Result<Capabilities> {
        if privileged {
            return Ok(Capabilities::ALL);
        }
        let is_all = |name: &String| name.eq_ignore_ascii_case("ALL");
        let mut set = if add.iter().any(is_all) {
            Capabilities::ALL
        } else if drop.iter().any(is_all) {
            Capabilities::default()
        } else {
            DEFAULT
                .iter()
                .map(|name| Capabilities::one(name))
                .collect::<Result<Vec<_>>>()?
                .into_iter()
                .fold(Capabilities::default(), |all, one| Capabilities(all.0 | one.0))
        };
        for name in drop.iter().filter(|name| !is_all(name)) {
            set.0 &= !Capabilities::one(name)?.0;
        }
        for name in add.iter().filter(|name| !is_all(name)) {
            set.0 |= Capabilities::one(name)?.0;
        }
        Ok(set)
    }
    // ANCHOR_END: decide

    /// Whether it has one.
    pub fn has(self, name: &str) -> bool {
        Capabilities::one(name).is_ok_and(|one| self.0 & one.0 != 0)
    }

    /// Of what the kernel shows.
    pub fn from_bits(bits: u64) -> Capabilities {
        Capabilities(bits & Capabilities::ALL.0)
    }

    /// As /proc/PID/status shows it.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Their names.
    pub fn names(self) -> BTreeSet<&'static str> {
        NAMES.iter().enumerate().filter(|(number, _)| self.0 >> number & 1 == 1).map(|(_, name)| *name).collect()
    }
}

// ANCHOR: mechanism
/// Drops all other capabilities, from all five sets. The *bounding* set limits what a program can
/// gain. The *effective* and *permitted* sets are the process's own capabilities. The *inheritable*
/// and *ambient* sets would be kept at execve(2), and are emptied (CVE-2022-24769).
#[derive(Debug, Clone)]
pub struct Drop {
    /// The capabilities that are kept.
    pub keep: Capabilities,
}

impl Mechanism for Drop {
    fn name(&self) -> &'static str {
        "capabilities"
    }

    fn stage(&self) -> Stage {
        Stage::Seal
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        sys::drop_bounding(self.keep.bits())?;
        sys::clear_ambient()?;
        // An ordinary user's programs have no capabilities but those of their files.
        let own = if Uid::effective().is_root() { self.keep.bits() } else { 0 };
        sys::set_capabilities(own)?;
        note(&steps::DROP_CAPABILITIES, "capset", || vec![format!("{own:#x}")]);
        Ok(())
    }
}
// ANCHOR_END: mechanism

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn the_default_is_dockers() {
        assert_eq!(Capabilities::decide(&[], &[], false).unwrap().bits(), 0x0000_0000_a804_25fb);
    }

    #[test]
    fn all_is_taken_first() {
        let one = Capabilities::decide(&strings(&["chown"]), &strings(&["ALL"]), false).unwrap();
        assert_eq!(one.names().into_iter().collect::<Vec<_>>(), ["CHOWN"]);
        let most = Capabilities::decide(&strings(&["ALL"]), &strings(&["CAP_SYS_ADMIN"]), false).unwrap();
        assert!(!most.has("SYS_ADMIN") && most.has("NET_ADMIN"));
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(Capabilities::decide(&strings(&["FLY"]), &[], false).unwrap_err().to_string().contains("FLY"));
    }
}
