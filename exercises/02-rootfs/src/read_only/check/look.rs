//! What can be written, and where.

use std::fs::{self, OpenOptions};
use std::path::Path;

use anyhow::Result;
use checker::{Heard, Program};
use lab::look::mountinfo;
use lab::{Lab, look};
use nix::errno::Errno;

use crate::view::{identity, new_place, path_of, word};

/// What came of an attempt to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Yes,
    /// EROFS: the mount is read-only.
    ReadOnly,
    /// There is no such place, or it is closed for another reason.
    Not(Errno),
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub heard: Heard,
    /// Whether the program still ran when we looked; if not, nothing below is true.
    pub alive: bool,
    /// Whether the target shows the source's very file or folder.
    pub shown: bool,
    /// Whether it shows, below, the very folder that is mounted below the source.
    pub below_shown: bool,
    pub target: Written,
    pub below: Written,
    pub source: Written,
    /// And the mount below the source.
    pub source_below: Written,
    /// Of nosuid, nodev and noexec, which the mount below the source has, those that it hasn't below the target.
    pub lost: Vec<&'static str>,
    /// Whether something is mounted on the target.
    pub mounted: bool,
    pub printed: String,
}

/// `kind`: see the program.
pub fn at(program: &Program, kind: &str) -> Result<Seen> {
    let place = new_place();
    let mut running = program.start(Lab::new(), &[word(&place), kind])?;
    let main = running.main();

    let heard = running.go_on()?;

    let (source, target) = (path_of(main, place.join("source")), path_of(main, place.join("target")));
    let table = mountinfo(main).unwrap_or_default();
    let mount = |name: &str| table.iter().rev().find(|mount| mount.mount_point == place.join(name));
    let has = |flag: &str| mount("target/below").is_some_and(|mount| mount.options.iter().any(|option| option == flag));
    let same = |name: &str| {
        let source = identity(source.join(name));
        source.is_some() && source == identity(target.join(name))
    };
    let seen = Seen {
        heard,
        alive: true,
        shown: identity(&source).is_some() && identity(&source) == identity(&target),
        below_shown: same("below"),
        target: written(&target),
        below: written(&target.join("below")),
        source: written(&source),
        source_below: written(&source.join("below")),
        lost: ["nosuid", "nodev", "noexec"].into_iter().filter(|flag| !has(flag)).collect(),
        mounted: mount("target").is_some(),
        printed: String::new(),
    };
    let alive = look::process_exists(main);
    Ok(Seen { alive, printed: running.end(), ..seen })
}

/// Tries it: into a file, or with a new file in a folder.
fn written(place: &Path) -> Written {
    let file = if place.is_dir() { place.join("probe") } else { place.to_path_buf() };
    let result = OpenOptions::new().write(true).create(place.is_dir()).truncate(false).open(&file);
    if place.is_dir() && result.is_ok() {
        let _ = fs::remove_file(&file);
    }
    match result.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or_default())) {
        Ok(_) => Written::Yes,
        Err(Errno::EROFS) => Written::ReadOnly,
        Err(errno) => Written::Not(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_written_is_found_out_by_trying() {
        let folder = std::env::temp_dir().join(format!("written-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        assert_eq!(written(&folder), Written::Yes);
        assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 0, "nothing is left");
        assert_eq!(written(&folder.join("none")), Written::Not(Errno::ENOENT));
        fs::remove_dir_all(folder).expect("remove");
    }
}
