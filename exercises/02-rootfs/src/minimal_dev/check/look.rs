//! What the kernel shows of the `dev` that was made.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use anyhow::Result;
use checker::{Heard, Program};
use lab::look::{Mount, mountinfo};
use lab::{Lab, look};
use nix::sys::stat::{major, minor};

use crate::view::{identity, new_place, path_of, word};

/// What a name in `dev` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// `usable`: it can be opened.
    Device {
        block: bool,
        major: u64,
        minor: u64,
        usable: bool,
    },
    Link(String),
    Folder,
    File,
}

/// A folder on which something is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// `tmpfs`, …; `None`: nothing is mounted there.
    pub kind: Option<String>,
    /// Permission bits.
    pub mode: u32,
    /// Whether it is the very folder that the host has there.
    pub the_hosts: bool,
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub heard: Heard,
    /// Whether the program still ran when we looked; if not, there is nothing in the lists.
    pub alive: bool,
    pub dev: Option<Mounted>,
    pub entries: BTreeMap<String, Entry>,
    pub pts: Option<Mounted>,
    /// Permission bits of pts/ptmx.
    pub ptmx_mode: Option<u32>,
    pub shm: Option<Mounted>,
    pub printed: String,
}

/// `kind`: the root is `full` (its dev isn't empty), `empty`, or a `file`.
pub fn at(program: &Program, kind: &str) -> Result<Seen> {
    let place = new_place();
    let mut running = program.start(Lab::new(), &[word(&place), kind])?;
    let (host, main) = (running.init(), running.main());

    let heard = running.go_on()?;

    let dev = place.join("box/dev");
    let table = mountinfo(main).unwrap_or_default();
    let mounted = |name: &str| mounted(&table, main, host, &dev, name);
    let path = path_of(main, &dev);
    let seen = Seen {
        heard,
        alive: true,
        dev: mounted(""),
        entries: entries(&path),
        pts: mounted("pts"),
        ptmx_mode: fs::metadata(path.join("pts/ptmx")).ok().map(|file| file.mode() & 0o777),
        shm: mounted("shm"),
        printed: String::new(),
    };
    let alive = look::process_exists(main);
    Ok(Seen { alive, printed: running.end(), ..seen })
}

fn mounted(table: &[Mount], main: i32, host: i32, dev: &Path, name: &str) -> Option<Mounted> {
    let place = if name.is_empty() { dev.to_path_buf() } else { dev.join(name) };
    let folder = fs::metadata(path_of(main, &place)).ok().filter(fs::Metadata::is_dir)?;
    let mount = table.iter().rev().find(|mount| mount.mount_point == place);
    Some(Mounted {
        kind: mount.map(|mount| mount.file_system.clone()),
        mode: folder.mode() & 0o7777,
        the_hosts: identity(path_of(main, &place)) == identity(path_of(host, Path::new("/dev").join(name))),
    })
}

fn entries(dev: &Path) -> BTreeMap<String, Entry> {
    let found = fs::read_dir(dev).into_iter().flatten().flatten();
    found.filter_map(|entry| Some((entry.file_name().to_string_lossy().into_owned(), of(&entry.path())?))).collect()
}

fn of(path: &Path) -> Option<Entry> {
    let file = fs::symlink_metadata(path).ok()?;
    let kind = file.file_type();
    Some(match () {
        () if kind.is_symlink() => Entry::Link(fs::read_link(path).ok()?.to_string_lossy().into_owned()),
        () if kind.is_dir() => Entry::Folder,
        () if kind.is_char_device() => {
            let (major, minor) = (major(file.rdev()), minor(file.rdev()));
            Entry::Device { block: false, major, minor, usable: can_be_opened(path) }
        }
        // Not opened: who knows what that does.
        () if kind.is_block_device() => {
            Entry::Device { block: true, major: major(file.rdev()), minor: minor(file.rdev()), usable: false }
        }
        () => Entry::File,
    })
}

/// On a mount with nodev, EACCES. A process without a terminal has nothing behind /dev/tty (ENXIO); that is the device's own answer.
fn can_be_opened(path: &Path) -> bool {
    File::open(path).err().is_none_or(|error| error.raw_os_error() == Some(libc::ENXIO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_null_device_has_its_numbers_and_can_be_opened() {
        let null = Entry::Device { block: false, major: 1, minor: 3, usable: true };
        assert_eq!(of(Path::new("/dev/null")), Some(null));
        assert_eq!(of(Path::new("/")), Some(Entry::Folder));
        assert_eq!(of(Path::new("/no/such/file")), None);
    }
}
