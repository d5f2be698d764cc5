//! How what we made on the host goes away again, even when we are no longer there to do it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::mount::{MntFlags, umount2};
use serde::{Deserialize, Serialize};

use crate::cgroup_removal;
use crate::line_removal::LineRemoval;
use crate::process_end::{self, PATIENCE};
use crate::recorded_process::RecordedProcess;
use crate::tree_removal;

// ANCHOR: undo
/// One thing to undo. It is a function of this record alone: another process, or the next boot, can
/// run it. Each kind is content when there is nothing to undo, since it may be run twice, or before
/// the thing was made.
///
/// No kind runs a program: a record that can name one would be worth more to an attacker than to
/// us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Remove a file, socket or link.
    RemoveFile(PathBuf),
    /// Remove a directory, which must be empty by then: rmdir(2), never a recursive removal.
    RemoveDirectory(PathBuf),
    /// Remove a directory with all that is in it (chapter 4: a container's layer), links not followed.
    RemoveTree(PathBuf),
    /// End what is in a cgroup (chapter 3), and remove it with all below it.
    RemoveCgroup(PathBuf),
    /// Remove a cgroup that was made to be shared, unless it is in use: rmdir(2).
    RemoveEmptyCgroup(PathBuf),
    /// Unmount what is mounted there, lazily: umount2(2) with MNT_DETACH.
    Unmount(PathBuf),
    /// Remove a table of rules for packets (chapter 5), one of our own by its name: `nft delete table
    /// ip NAME`.
    RemoveNftTable(String),
    /// Take a line out of files of others (chapter 5: a container's name, from the others' /etc/hosts).
    RemoveLine(LineRemoval),
    /// End a process, and wait for its end.
    EndProcess(RecordedProcess),
}
// ANCHOR_END: undo

impl Undo {
    /// Undoes it.
    pub fn run(&self) -> Result<()> {
        match self {
            Undo::RemoveFile(path) => gone(fs::remove_file(path)).with_context(|| format!("unlink {}", path.display())),
            Undo::RemoveDirectory(path) => {
                gone(fs::remove_dir(path)).with_context(|| format!("rmdir {}", path.display()))
            }
            Undo::RemoveTree(path) => tree_removal::remove(path),
            Undo::RemoveCgroup(path) => cgroup_removal::remove(path),
            Undo::RemoveEmptyCgroup(path) => {
                gone(cgroup_removal::remove_if_unused(path)).with_context(|| format!("rmdir {}", path.display()))
            }
            Undo::Unmount(path) => match umount2(path, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
                // EINVAL: not a mount point (any more).
                Ok(()) | Err(Errno::EINVAL | Errno::ENOENT | Errno::ENOTDIR) => Ok(()),
                Err(errno) => Err(errno).with_context(|| format!("umount {}", path.display())),
            },
            Undo::RemoveNftTable(table) => remove_nft_table(table),
            Undo::RemoveLine(removal) => removal.run(),
            Undo::EndProcess(process) => process_end::end(process, PATIENCE),
        }
    }
}

/// Only tables that are named as ours are, whatever the record says.
fn remove_nft_table(table: &str) -> Result<()> {
    let is_ours =
        table.starts_with("coracle-") && table.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !is_ours {
        bail!("{table:?} is no table of ours");
    }
    let delete = |name| Command::new(name).args(["delete", "table", "ip", table]).output();
    let output = delete("nft").or_else(|_| delete("/usr/sbin/nft")).context("cannot start nft")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && !said.contains("No such file") {
        bail!("nft delete table ip {table}: {}", said.lines().next().unwrap_or_default());
    }
    Ok(())
}

/// Not there, or below something that is no directory: there is nothing to undo, or there could
/// never have been.
fn gone(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
        other => other,
    }
}

const FILE: &str = "undo.jsonl";

/// The undo records of one container: a file of one JSON record a line in its state directory,
/// oldest first.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Opens the journal in a state directory, or begins it.
    pub fn open(directory: &Path) -> Result<Journal> {
        let path = directory.join(FILE);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("cannot open the undo journal {}", path.display()))?;
        Ok(Journal { file })
    }

    /// Adds a record. One `write` a line: a process killed in the middle leaves at most a torn last
    /// line, and what that line would have undone has not been made yet.
    pub fn write(&self, undo: &Undo) -> Result<()> {
        let mut line = serde_json::to_vec(undo)?;
        line.push(b'\n');
        (&self.file).write_all(&line).context("cannot write an undo record")
    }

    /// What is recorded in a state directory.
    pub fn read(directory: &Path) -> Result<Records> {
        match fs::read(directory.join(FILE)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Records::default()),
            text => Ok(Records::from(&text.with_context(|| {
                format!(
                    "cannot read the undo journal {0}/{FILE}\ncure: undo by hand what it says; then rm -r {0}",
                    directory.display()
                )
            })?)),
        }
    }
}

/// What a journal says.
#[derive(Debug, Default)]
pub struct Records {
    /// Oldest first.
    pub undos: Vec<Undo>,
    /// The lines that are damaged, with their numbers, and why they can't be read.
    pub damaged: Vec<String>,
}

impl Records {
    /// Only the last line may be torn. A damaged line keeps none of the others from being read.
    fn from(text: &[u8]) -> Records {
        let mut records = Records::default();
        let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        lines.pop();
        for (index, line) in lines.into_iter().enumerate() {
            match serde_json::from_slice(line) {
                Ok(undo) => records.undos.push(undo),
                Err(error) => records.damaged.push(format!("line {}: {error}", index + 1)),
            }
        }
        records
    }

    /// Undoes it, newest first. One that fails doesn't stop the others; all the failures come back
    /// as one error.
    pub fn undo_all(&self) -> Result<()> {
        let failures = self.undos.iter().rev().filter_map(|undo| undo.run().err());
        let failures: Vec<String> = failures.map(|error| format!("{error:#}")).collect();
        if !failures.is_empty() {
            bail!("not everything could be undone: {}", failures.join("; "));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_last_line_was_never_made_and_is_passed_over() {
        let records = Records::from(b"{\"remove_file\":\"/a\"}\n{\"remove_fol");
        assert_eq!(records.undos, [Undo::RemoveFile("/a".into())]);
        assert!(records.damaged.is_empty(), "{records:?}");
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_named_and_the_others_are_read() {
        let records = Records::from(b"{\"remove\n\xff\n{\"remove_file\":\"/a\"}\n");
        assert_eq!(records.undos, [Undo::RemoveFile("/a".into())]);
        assert!(records.damaged[0].starts_with("line 1: ") && records.damaged[1].starts_with("line 2: "));
    }

    #[test]
    fn no_record_can_name_a_program() {
        let records = Records::from(b"{\"run\":[\"/bin/sh\",\"-c\",\"true\"]}\n");
        assert!(records.undos.is_empty() && records.damaged[0].contains("unknown variant"), "{:?}", records.damaged);
    }

    #[test]
    fn undoing_twice_is_fine() {
        let directory = std::env::temp_dir().join(format!("undo-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let file = directory.join("file");
        fs::write(&file, "").unwrap();
        for undo in [Undo::RemoveFile(file), Undo::RemoveDirectory(directory.clone())] {
            undo.run().unwrap();
            undo.run().unwrap();
        }
        assert!(!directory.exists());
    }

    #[test]
    fn what_could_never_be_made_below_a_file_is_undone() {
        let path = PathBuf::from("/proc/self/status/x");
        for undo in [
            Undo::RemoveFile(path.clone()),
            Undo::RemoveDirectory(path.clone()),
            Undo::RemoveCgroup(path.clone()),
            Undo::RemoveEmptyCgroup(path.clone()),
            Undo::Unmount(path),
        ] {
            undo.run().unwrap();
        }
    }

    #[test]
    fn a_directory_with_something_in_it_is_not_removed() {
        let directory = std::env::temp_dir().join(format!("undo-full-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("precious"), "").unwrap();
        assert!(Undo::RemoveDirectory(directory.clone()).run().is_err());
        assert!(directory.join("precious").exists());
        fs::remove_dir_all(directory).unwrap();
    }
}
