//! KVM or plain emulation: found out by trying, since a /dev/kvm may be there and hang (in a
//! machine that is itself virtual), and remembered.

use std::fmt;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::kernel::Kernel;
use crate::programs::{self, QEMU};

/// How the guest's instructions are executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceleration {
    /// By the processor itself: kvm(4). Boots in a second or two.
    Kvm,
    /// By QEMU's translator: works everywhere, and is ten times slower.
    Emulation,
}

impl Acceleration {
    /// In words, for whoever waits.
    pub fn time_to_boot(self) -> &'static str {
        match self {
            Acceleration::Kvm => "that takes some seconds",
            Acceleration::Emulation => "without KVM that takes 15 s or more",
        }
    }
}

impl fmt::Display for Acceleration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Acceleration::Kvm => "KVM",
            Acceleration::Emulation => "plain emulation",
        })
    }
}

/// A kernel without a root file system gets to its panic in a second on KVM, and takes the machine
/// with it.
const PATIENCE: Duration = Duration::from_secs(8);

/// What works here. `remembered` is a file that holds the answer for this boot of this machine.
pub(crate) fn find(kernel: &Kernel, remembered: &Path) -> Acceleration {
    if File::options().read(true).write(true).open("/dev/kvm").is_err() {
        return Acceleration::Emulation;
    }
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    if let Some(answer) = fs::read_to_string(remembered).ok().and_then(|text| recall(&text, boot.trim())) {
        return answer;
    }
    eprintln!("vm: trying whether KVM works here (at most {} s, once per boot)", PATIENCE.as_secs());
    let answer = if kvm_boots(kernel) { Acceleration::Kvm } else { Acceleration::Emulation };
    let _ = fs::write(remembered, memory(answer, boot.trim()));
    answer
}

fn memory(answer: Acceleration, boot: &str) -> String {
    format!("{} {boot}\n", if answer == Acceleration::Kvm { "kvm" } else { "emulation" })
}

/// The answer in `text`, if it was given in this boot.
fn recall(text: &str, boot: &str) -> Option<Acceleration> {
    let (answer, when) = text.trim().split_once(' ')?;
    match answer {
        _ if when != boot || boot.is_empty() => None,
        "kvm" => Some(Acceleration::Kvm),
        "emulation" => Some(Acceleration::Emulation),
        _ => None,
    }
}

fn kvm_boots(kernel: &Kernel) -> bool {
    let Some(qemu) = programs::find(QEMU) else { return false };
    let mut command = Command::new(qemu);
    command.args(["-accel", "kvm", "-cpu", "host", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot"]);
    command.arg("-kernel").arg(&kernel.image).args(["-append", "panic=-1 quiet"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut qemu) = crate::sys::dies_with_us(&mut command).spawn() else { return false };
    let end = Instant::now() + PATIENCE;
    loop {
        match qemu.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < end => sleep(Duration::from_millis(20)),
            _ => break,
        }
    }
    let _ = qemu.kill();
    let _ = qemu.wait();
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_good_for_the_boot_it_was_given_in() {
        for answer in [Acceleration::Kvm, Acceleration::Emulation] {
            let text = memory(answer, "boot-1");
            assert_eq!(recall(&text, "boot-1"), Some(answer));
            assert_eq!(recall(&text, "boot-2"), None);
        }
    }

    #[test]
    fn nonsense_is_no_answer() {
        for text in ["", "kvm", "perhaps boot-1", "kvm \n"] {
            assert_eq!(recall(text, "boot-1"), None, "{text:?}");
        }
        assert_eq!(recall("kvm ", ""), None);
    }
}
