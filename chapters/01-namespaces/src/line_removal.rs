//! Taking a line out of files that belong to other containers.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Of a file that is read whole, in bytes: many more than thousands of containers' lines take.
const MOST: u64 = 4 << 20;

/// What is to be taken out, and of which files: those called `file` in the directories in `parent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRemoval {
    /// The line, without its end.
    pub line: String,
    /// The files' name.
    pub file: String,
    /// Where their directories are.
    pub parent: PathBuf,
    /// A file that is locked by everybody who writes them.
    pub lock: PathBuf,
}

impl LineRemoval {
    pub(crate) fn run(&self) -> Result<()> {
        let lock = match File::options().write(true).open(&self.lock) {
            // Nobody has written any.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            lock => lock.with_context(|| format!("cannot open {}", self.lock.display()))?,
        };
        lock.lock().with_context(|| format!("cannot lock {}", self.lock.display()))?;
        let directories = match fs::read_dir(&self.parent) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            directories => directories.with_context(|| format!("cannot read {}", self.parent.display()))?,
        };
        directories.flatten().try_for_each(|directory| self.take_out(&directory.path().join(&self.file)))
    }

    /// In place: the file may be bound into a container, which keeps to the inode and not to the name.
    fn take_out(&self, file: &Path) -> Result<()> {
        // Most directories have none; one may go away while we look.
        let mut text = String::new();
        let read = File::open(file).and_then(|file| file.take(MOST + 1).read_to_string(&mut text));
        // It is bound into a container, whose root may write to it. One that is that large isn't ours any
        // more: it is left to those who made it so.
        if read.is_err() || text.len() as u64 > MOST {
            return Ok(());
        }
        if !text.lines().any(|line| line == self.line) {
            return Ok(());
        }
        let rest: String = text.lines().filter(|line| *line != self.line).flat_map(|line| [line, "\n"]).collect();
        let opened = File::options().write(true).truncate(true).open(file);
        let written = opened.and_then(|mut file| file.write_all(rest.as_bytes()));
        written.with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn the_line_goes_and_all_others_and_the_inode_stay() {
        let parent = std::env::temp_dir().join(format!("lines-{}", std::process::id()));
        for (name, text) in [("one", "a\nab\nb\n"), ("two", "b\n")] {
            fs::create_dir_all(parent.join(name)).unwrap();
            fs::write(parent.join(name).join("hosts"), text).unwrap();
        }
        fs::write(parent.join("lock"), "").unwrap();
        let inode = || fs::metadata(parent.join("one/hosts")).unwrap().ino();
        let before = inode();
        let removal =
            LineRemoval { line: "a".into(), file: "hosts".into(), parent: parent.clone(), lock: parent.join("lock") };
        // Twice: there is nothing to undo the second time.
        for _ in 0..2 {
            removal.run().unwrap();
            assert_eq!(fs::read_to_string(parent.join("one/hosts")).unwrap(), "ab\nb\n");
            assert_eq!(fs::read_to_string(parent.join("two/hosts")).unwrap(), "b\n");
            assert_eq!(inode(), before);
        }
        fs::remove_dir_all(&parent).unwrap();
        removal.run().unwrap();
    }

    #[test]
    fn a_file_that_somebody_made_huge_is_not_read_into_memory() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir(parent.path().join("one")).unwrap();
        fs::write(parent.path().join("lock"), "").unwrap();
        let file = File::create(parent.path().join("one/hosts")).unwrap();
        // A hole: it takes no place on the disk.
        file.set_len(1 << 40).unwrap();
        let parent = parent.path().to_path_buf();
        let lock = parent.join("lock");
        LineRemoval { line: "a".into(), file: "hosts".into(), parent, lock }.run().unwrap();
        assert_eq!(file.metadata().unwrap().len(), 1 << 40);
    }
}
