//! Where the mount went.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use checker::{Heard, Program};
use lab::look::mountinfo;
use lab::{Lab, look};
use nix::fcntl::OFlag;

use crate::view::{identity, new_place, path_of, word};

/// A target, as `given` makes the image for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// /srv/data, a folder.
    Folder,
    /// /srv/new, which is missing.
    Missing,
    /// A link to an absolute path is the last component.
    Absolute,
    /// A link with many `..` is.
    Dots,
    /// A link to an absolute path is in the middle.
    Middle,
    /// And the last component is missing.
    MissingInMiddle,
    /// The target itself has many `..`.
    OwnDots,
    /// Below a file.
    BelowFile,
    /// A link to what only the host has.
    Nowhere,
}

impl Case {
    pub const ALL: [Case; 9] = [
        Case::Folder,
        Case::Missing,
        Case::Absolute,
        Case::Dots,
        Case::Middle,
        Case::MissingInMiddle,
        Case::OwnDots,
        Case::BelowFile,
        Case::Nowhere,
    ];

    fn target(self, place: &Path) -> PathBuf {
        match self {
            Case::Folder => "/srv/data".into(),
            Case::Missing => "/srv/new".into(),
            Case::Absolute => "/absolute".into(),
            Case::Dots => "/srv/dots".into(),
            Case::Middle => "/middle/outside".into(),
            Case::MissingInMiddle => "/middle/new".into(),
            Case::OwnDots => Path::new("/../../../../..").join(within(place, "outside")),
            Case::BelowFile => "/srv/file/new".into(),
            Case::Nowhere => "/nowhere".into(),
        }
    }

    /// Where it is in the image; `None`: nowhere.
    fn meant(self, place: &Path) -> Option<PathBuf> {
        Some(match self {
            Case::Folder => "srv/data".into(),
            Case::Missing => "srv/new".into(),
            Case::Absolute | Case::Dots | Case::Middle | Case::OwnDots => within(place, "outside"),
            Case::MissingInMiddle => within(place, "new"),
            Case::BelowFile | Case::Nowhere => return None,
        })
    }
}

/// The image has, below, what the host has.
fn within(place: &Path, name: &str) -> PathBuf {
    place.strip_prefix("/").unwrap_or(place).join(name)
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub case: Case,
    /// What was asked for.
    pub target: PathBuf,
    /// Where it should go.
    pub meant: Option<PathBuf>,
    pub heard: Heard,
    /// Whether the program still ran when we looked; if not, nothing below is true.
    pub alive: bool,
    pub image: PathBuf,
    /// The mount point of the volume, on the host.
    pub went: Option<PathBuf>,
    /// Whether something was made on the host, outside of the image.
    pub made_outside: bool,
    /// Open descriptors that a command would inherit, by the files they are of.
    pub leaks: Vec<String>,
    pub printed: String,
}

pub fn at(program: &Program, case: Case) -> Result<Seen> {
    let place = new_place();
    let target = case.target(&place);
    let mut running = program.start(Lab::new(), &[word(&place), word(&target)])?;
    let (host, main) = (running.init(), running.main());
    let outside = || names_below(&path_of(host, &place), &["image"]);
    let before = outside();
    // Who starts a check may have left some open.
    let given = inherited(main);
    let volume = identity(path_of(main, place.join("volume")));

    let heard = running.go_on()?;

    let image = place.join("image");
    // Seen from outside, a mount point is what is mounted there.
    let is_volume = |point: &PathBuf| volume.is_some() && identity(path_of(main, point)) == volume;
    let points = mountinfo(main).unwrap_or_default().into_iter().map(|mount| mount.mount_point);
    let went = points.filter(|point| *point != place.join("volume")).find(is_volume);
    let made_outside = outside() != before;
    let leaks = inherited(main).into_iter().filter(|(number, _)| !given.contains_key(number));
    let leaks = leaks.map(|(_, file)| file).collect();
    let meant = case.meant(&place).map(|meant| image.join(meant));
    let alive = look::process_exists(main);
    Ok(Seen {
        case,
        target,
        meant,
        heard,
        alive,
        image,
        went,
        made_outside: alive && made_outside,
        leaks,
        printed: running.end(),
    })
}

/// Descriptors besides the standard three that aren't close-on-exec: proc_pid_fdinfo(5).
fn inherited(pid: i32) -> BTreeMap<i32, String> {
    let open = look::open_fds(pid).unwrap_or_default().into_iter().filter(|(number, _)| *number > 2);
    let flags = |number: i32| {
        let text = fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).ok()?;
        let flags = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
        i32::from_str_radix(flags.trim(), 8).ok()
    };
    let stays = |number: i32| flags(number).is_some_and(|flags| flags & OFlag::O_CLOEXEC.bits() == 0);
    open.filter(|(number, _)| stays(*number)).map(|(number, file)| (number, file.display().to_string())).collect()
}

/// All paths below a folder, without what is in those that are called so.
fn names_below(folder: &Path, without: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if without.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(names_below(&entry.path(), without));
        }
        found.push(entry.path());
    }
    found.sort();
    found
}

impl Seen {
    pub fn is_outside(&self) -> bool {
        self.went.as_ref().is_some_and(|point| !point.starts_with(&self.image))
    }

    pub fn is_right(&self) -> bool {
        self.alive && self.heard == Heard::Ok && self.went.is_some() && self.went == self.meant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_lies_in_the_image_and_bears_the_hosts_path() {
        let place = Path::new("/tmp/host-1");
        assert_eq!(Case::Absolute.meant(place), Some("tmp/host-1/outside".into()));
        assert_eq!(Case::OwnDots.target(place), Path::new("/../../../../../tmp/host-1/outside"));
        assert_eq!(Case::Nowhere.meant(place), None);
    }
}
