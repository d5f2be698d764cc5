//! The mounts that a process sees: proc_pid_mountinfo(5), mount_namespaces(7).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use nix::mount::MsFlags;

use super::fields;

/// One line of /proc/PID/mountinfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub id: i32,
    pub parent: i32,
    /// The directory of the file system that is mounted here; not `/` for a bind mount.
    pub root: PathBuf,
    pub mount_point: PathBuf,
    /// Options of this mount: `ro`, `nosuid`, `relatime`, …
    pub options: Vec<String>,
    pub propagation: Propagation,
    /// `ext4`, `tmpfs`, `proc`, …
    pub file_system: String,
    pub source: OsString,
    /// Options of the file system, the same for all its mounts.
    pub super_options: Vec<String>,
}

/// Where mounts made below this one go to and come from. All `None` and false: private.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Propagation {
    /// `shared:N`: the peer group that gets them.
    pub shared: Option<u32>,
    /// `master:N`: the peer group they come from.
    pub master: Option<u32>,
    pub unbindable: bool,
}

impl Mount {
    /// Whether this mount (not: the file system) is read-only.
    pub fn is_read_only(&self) -> bool {
        self.options.iter().any(|option| option == "ro")
    }

    /// Whether nothing is propagated to or from it.
    pub fn is_private(&self) -> bool {
        self.propagation.shared.is_none() && self.propagation.master.is_none()
    }

    /// The options as flags for mount(2), those that the kernel may have locked.
    pub(crate) fn flags(&self) -> MsFlags {
        let flag = |option: &String| match option.as_str() {
            "ro" => MsFlags::MS_RDONLY,
            "nosuid" => MsFlags::MS_NOSUID,
            "nodev" => MsFlags::MS_NODEV,
            "noexec" => MsFlags::MS_NOEXEC,
            "noatime" => MsFlags::MS_NOATIME,
            "nodiratime" => MsFlags::MS_NODIRATIME,
            "relatime" => MsFlags::MS_RELATIME,
            _ => MsFlags::empty(),
        };
        self.options.iter().map(flag).fold(MsFlags::empty(), |all, one| all | one)
    }
}

/// The mounts of a process's mount namespace, as seen from its root, in the kernel's order: of two
/// at one mount point, the later one is seen.
pub fn mountinfo(pid: i32) -> Result<Vec<Mount>> {
    let path = fields::path_of(pid, "mountinfo");
    let bytes = std::fs::read(&path).with_context(|| format!("read {}: is process {pid} gone?", path.display()))?;
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| parse(line).with_context(|| format!("{}: {:?}", path.display(), String::from_utf8_lossy(line))))
        .collect()
}

fn parse(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let mut word = || words.next();
    let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse().ok();
    let (id, parent, _device) = (number(word()?)?, number(word()?)?, word()?);
    let (root, mount_point, options) = (path(word()?), path(word()?), list(word()?));
    let mut propagation = Propagation::default();
    // As many optional fields as the kernel likes; a lone hyphen ends them.
    loop {
        let field = String::from_utf8_lossy(word()?);
        match field.split_once(':') {
            Some(("shared", group)) => propagation.shared = Some(group.parse().ok()?),
            Some(("master", group)) => propagation.master = Some(group.parse().ok()?),
            _ if field == "unbindable" => propagation.unbindable = true,
            _ if field == "-" => break,
            _ => {}
        }
    }
    let file_system = String::from_utf8_lossy(word()?).into_owned();
    // A source may be the empty string, which `mount -t tmpfs ""` makes: then one word is missing.
    let rest: Vec<&[u8]> = words.collect();
    let (source, super_options) = match rest[..] {
        [options] => (&b""[..], options),
        [source, options, ..] => (source, options),
        [] => return None,
    };
    Some(Mount {
        id,
        parent,
        root,
        mount_point,
        options,
        propagation,
        file_system,
        source: OsString::from_vec(unescape(source)),
        super_options: list(super_options),
    })
}

fn path(word: &[u8]) -> PathBuf {
    OsString::from_vec(unescape(word)).into()
}

fn list(word: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(word).split(',').map(str::to_string).collect()
}

/// Space, tab, newline and backslash come as a backslash and three octal digits.
fn unescape(word: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match (byte, code) {
            (b'\\', Some(code)) => {
                plain.push(code);
                rest = &after[3..];
            }
            _ => {
                plain.push(byte);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_slave_with_options_is_read_whole() {
        let line = b"36 35 98:0 /mnt1 /mnt\\0402 ro,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue";
        let mount = parse(line).unwrap();
        assert_eq!((mount.id, mount.parent), (36, 35));
        assert_eq!(mount.root, PathBuf::from("/mnt1"));
        assert_eq!(mount.mount_point, PathBuf::from("/mnt 2"));
        assert_eq!(mount.propagation, Propagation { shared: Some(7), master: Some(1), unbindable: false });
        assert!(mount.is_read_only() && !mount.is_private());
        assert_eq!(mount.file_system, "ext3");
        assert_eq!(mount.source, "/dev/root");
        assert_eq!(mount.super_options, ["rw", "errors=continue"]);
        assert_eq!(mount.flags(), MsFlags::MS_RDONLY | MsFlags::MS_NOATIME);
    }

    #[test]
    fn a_mount_without_optional_fields_is_private() {
        let mount = parse(b"22 27 0:21 / /proc rw,relatime - proc proc rw").unwrap();
        assert!(mount.is_private() && !mount.is_read_only());
    }

    #[test]
    fn an_empty_source_is_not_taken_for_the_options() {
        let mount = parse(b"22 27 0:21 / /x rw unbindable - tmpfs  rw,size=4k").unwrap();
        assert!(mount.propagation.unbindable);
        assert_eq!((mount.source, mount.super_options), (OsString::new(), vec!["rw".into(), "size=4k".into()]));
    }

    #[test]
    fn a_cut_line_is_refused() {
        assert_eq!(parse(b"22 27 0:21 / /proc rw,relatime"), None);
    }

    #[test]
    fn this_process_sees_a_root_mount() {
        let mounts = mountinfo(std::process::id() as i32).unwrap();
        assert!(mounts.iter().any(|mount| mount.mount_point == *"/"));
    }
}
