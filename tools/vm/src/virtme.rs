//! virtme-ng's command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::acceleration::Acceleration;
use crate::guest::{NAME, SHARED, WRITABLE};
use crate::places;

/// The release of virtme-ng that this was written against.
pub(crate) const VERSION: &str = "1.42";

/// Of its wheel.
pub(crate) const SHA256: &str = "99589f1f5d74249038fe3c52aad9d3c33cb82a2d9617997511d4489fc709a707";

/// The file by which the directory of an installed virtme-ng is known.
const RUN: &str = "virtme/commands/run.py";

/// What python3 is told to do. (As a module it would lose its exit status.)
const MAIN: &str = "import sys; from virtme.commands.run import main; sys.exit(main())";

/// Told before: the guest keeps what it has read of the machine's files (v9fs: `cache=loose`).
/// Without it each start of a program reads it again through the 9p protocol, which under emulation
/// takes three times as long as running it. virtme-ng has no option for this.
const KEEP_WHAT_WAS_READ: &str = "import virtme.mkinitramfs as init; \
     init._MOUNT_ROOT_HOST = init._MOUNT_ROOT_HOST.replace('msize=524288', 'msize=524288,cache=loose'); ";

/// The program for python3. At a shell one goes on editing outside, and what is saved has to be
/// seen.
pub(crate) fn program(interactive: bool) -> String {
    if interactive { MAIN.to_string() } else { format!("{KEEP_WHAT_WAS_READ}{MAIN}") }
}

/// The name of its directory in a place.
pub(crate) fn directory_name() -> String {
    format!("virtme-ng-{VERSION}")
}

/// The directory of python modules.
pub(crate) fn find() -> Option<PathBuf> {
    places::all().into_iter().map(|place| place.join(directory_name())).find(|directory| directory.join(RUN).is_file())
}

/// What a machine is made of.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub qemu: &'a Path,
    pub image: &'a Path,
    pub acceleration: Acceleration,
    pub memory: &'a str,
    pub processors: usize,
    pub shared: &'a Path,
    pub stand_ins: &'a Path,
    pub writable: &'a [PathBuf],
    pub interactive: bool,
}

/// The arguments of virtme-run.
pub(crate) fn arguments(order: &Order) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut option = |name: &str, value: OsString| arguments.extend([name.into(), value]);
    let path = |path: &Path| path.as_os_str().to_owned();
    let pair = |at: &str, host: &Path| {
        let mut text = OsString::from(at);
        text.push("=");
        text.push(host);
        text
    };
    option("--qemu-bin", path(order.qemu));
    option("--kimg", path(order.image));
    option("--mods", "auto".into());
    option("--memory", order.memory.into());
    option("--cpus", order.processors.to_string().into());
    option("--name", NAME.into());
    option("--rwdir", pair(SHARED, order.shared));
    for (number, directory) in order.writable.iter().enumerate() {
        option("--rwdir", pair(&format!("{WRITABLE}/{number}"), directory));
    }
    // The initramfs has no such directory and goes on to /bin; the guest's init looks there first.
    let mut stand_ins = OsString::from("PATH=");
    stand_ins.push(order.stand_ins);
    stand_ins.push(":/bin");
    option("--kopt", stand_ins);
    if order.acceleration == Acceleration::Emulation {
        // Work for nothing where each instruction costs ten.
        for setting in ["nokaslr", "mitigations=off", "cryptomgr.notests"] {
            option("--kopt", setting.into());
        }
    }
    if order.interactive {
        option("--shell", format!("{SHARED}/start").into());
    } else {
        option("--script-sh", format!("exec bash {SHARED}/start").into());
    }
    // 9p is built into QEMU; virtiofs would take a daemon, which outlives its parent.
    arguments.extend(["--force-9p", "--disable-microvm", "--disable-monitor"].map(OsString::from));
    if order.acceleration == Acceleration::Emulation {
        arguments.push("--disable-kvm".into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(acceleration: Acceleration, interactive: bool) -> Vec<String> {
        let writable = [PathBuf::from("/srv/w")];
        let order = Order {
            qemu: Path::new("/c/qemu"),
            image: Path::new("/boot/vmlinuz-6"),
            acceleration,
            memory: "2G",
            processors: 2,
            shared: Path::new("/c/shared"),
            stand_ins: Path::new("/c/stand-ins"),
            writable: &writable,
            interactive,
        };
        arguments(&order).into_iter().map(|word| word.into_string().expect("UTF-8")).collect()
    }

    fn has(arguments: &[String], words: &[&str]) -> bool {
        arguments.windows(words.len()).any(|window| window == words)
    }

    #[test]
    fn the_shared_directories_are_the_only_writable_ones() {
        let arguments = order(Acceleration::Kvm, false);
        assert!(has(&arguments, &["--rwdir", "/run/coracle-vm=/c/shared"]));
        assert!(has(&arguments, &["--rwdir", "/run/coracle-vm-writable/0=/srv/w"]));
        assert!(!arguments.iter().any(|argument| argument == "--rw"));
    }

    #[test]
    fn emulation_never_touches_kvm() {
        assert!(order(Acceleration::Emulation, false).contains(&"--disable-kvm".to_string()));
        assert!(!order(Acceleration::Kvm, false).contains(&"--disable-kvm".to_string()));
    }

    #[test]
    fn a_command_is_a_script_and_a_shell_is_a_shell() {
        assert!(has(&order(Acceleration::Kvm, false), &["--script-sh", "exec bash /run/coracle-vm/start"]));
        assert!(has(&order(Acceleration::Kvm, true), &["--shell", "/run/coracle-vm/start"]));
    }
}
