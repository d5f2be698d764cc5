//! Commands in a container, on disk: `execs/ID.json` in its record's directory is what was asked
//! for (chapter 7's daemon writes it), `execs/ID.exit` the exit status (the shim writes it). So a
//! status outlives the daemon, and the container's life.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ch01_namespaces::is_id;

use super::Records;

/// How the name of a note ends.
const NOTE: &str = ".json";

impl Records {
    /// Where a container's commands are kept.
    pub fn execs(&self, container: &str) -> PathBuf {
        self.directory(container).join("execs")
    }

    /// Keeps what is known of a command. A reader sees the old note or the new one.
    pub fn note_exec(&self, container: &str, exec: &str, note: &[u8]) -> Result<()> {
        let directory = self.execs(container);
        let (file, new) = (directory.join(format!("{exec}{NOTE}")), directory.join(format!("{exec}.new")));
        let written = match fs::write(&new, note) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Not recursively: a container that is gone gets no directory.
                match DirBuilder::new().mode(0o700).create(&directory) {
                    Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
                    _ => fs::write(&new, note),
                }
            }
            written => written,
        };
        written.and_then(|()| fs::rename(&new, &file)).with_context(|| format!("cannot write {}", file.display()))
    }

    /// The notes of a container's commands.
    pub fn exec_notes(&self, container: &str) -> Vec<Vec<u8>> {
        let files = fs::read_dir(self.execs(container)).into_iter().flatten().flatten().map(|entry| entry.path());
        files
            .filter(|file| file.extension().is_some_and(|end| end == &NOTE[1..]))
            .filter_map(|file| fs::read(file).ok())
            .collect()
    }

    /// The exit status of a command, once it has ended.
    pub fn exec_exit(&self, container: &str, exec: &str) -> Option<u8> {
        fs::read_to_string(self.execs(container).join(format!("{exec}.exit"))).ok()?.parse().ok()
    }

    /// Removes what is kept of a command.
    pub fn forget_exec(&self, container: &str, exec: &str) {
        for end in [NOTE, ".exit"] {
            let _ = fs::remove_file(self.execs(container).join(format!("{exec}{end}")));
        }
    }

    /// Where the exit status of a command goes, if there is a note of it.
    pub(crate) fn exec_exit_file(&self, container: &str, exec: &str) -> Option<PathBuf> {
        let directory = self.execs(container);
        let is_noted = is_id(exec) && directory.join(format!("{exec}{NOTE}")).exists();
        is_noted.then(|| directory.join(format!("{exec}.exit")))
    }
}

/// Keeps an exit status.
pub(crate) fn write_exit(file: &Path, code: u8) {
    // A disk that is full, or a container that somebody removes: nobody can be told.
    let _ = fs::write(file, code.to_string());
}
