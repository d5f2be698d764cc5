//! The programs that the machine is made of, and where they are.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub(crate) const QEMU: &str = "qemu-system-x86_64";

/// Programs, and the packages that have them in Debian and Ubuntu, and in Fedora.
pub(crate) const PROGRAMS: [(&str, &str, &str); 8] = [
    (QEMU, "qemu-system-x86", "qemu-system-x86-core"),
    ("python3", "python3", "python3"),
    ("busybox", "busybox-static", "busybox"),
    ("modprobe", "kmod", "kmod"),
    ("udevadm", "udev", "systemd-udev"),
    ("file", "file", "file"),
    ("setpriv", "util-linux", "util-linux"),
    ("ip", "iproute2", "iproute"),
];

/// The program's file. Beyond PATH also in the directories of root's programs, which an ordinary
/// user's PATH lacks on Debian.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from));
    directories.map(|directory| directory.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// What of [`PROGRAMS`] isn't there. A busybox that needs libraries isn't: the initramfs has none.
pub(crate) fn lacking() -> Vec<&'static str> {
    let is_there = |name: &str| match find(name) {
        Some(busybox) if name == "busybox" => is_static(&busybox),
        found => found.is_some(),
    };
    PROGRAMS.iter().map(|(name, ..)| *name).filter(|name| !is_there(name)).collect()
}

fn is_static(program: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(program).and_then(|file| file.take(4096).read_to_end(&mut head));
    read.is_ok() && !names_an_interpreter(&head)
}

/// The interpreter's path (`/lib64/ld-linux…`) stands right behind the program headers: elf(5).
fn names_an_interpreter(head: &[u8]) -> bool {
    ["/ld-linux", "/ld-musl"].iter().any(|name| head.windows(name.len()).any(|bytes| bytes == name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_and_a_made_up_one_is_not() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-here"), None);
    }

    #[test]
    fn a_dynamic_program_names_its_interpreter() {
        assert!(names_an_interpreter(b"\x7fELF...\0/lib64/ld-linux-x86-64.so.2\0"));
        assert!(!names_an_interpreter(b"\x7fELF..............."));
    }
}
