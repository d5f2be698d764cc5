//! Removing a directory with all that is in it.

use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;

use anyhow::{Context, Result};
use nix::unistd::Uid;

use crate::work::{Elsewhere, work_in};

// ANCHOR: remove
/// Removes a directory and everything below it; one that isn't there is removed already. Links are removed, never followed.
///
/// What a container wrote may belong to ids that an ordinary user has no power over, and overlayfs leaves a directory
/// without any permissions (`work/work`). Inside a user namespace that maps those ids, the user is root over them.
pub fn remove(directory: &Path) -> Result<()> {
    let what = || format!("cannot remove {}", directory.display());
    match remove_as_we_are(directory) {
        Err(error) if is_refusal(&error) && !Uid::effective().is_root() => {
            work_in(Elsewhere::new_user_namespace(), || {
                remove_as_we_are(directory).with_context(what).map(|()| ((), Vec::new()))
            })?;
            Ok(())
        }
        removed => removed.with_context(what),
    }
}
// ANCHOR_END: remove

/// Also a link in the directory's place: nobody else can write where our directories are, but a person may.
fn remove_as_we_are(directory: &Path) -> std::io::Result<()> {
    match fs::symlink_metadata(directory) {
        Ok(meta) if meta.is_dir() => match fs::remove_dir_all(directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        },
        Ok(_) => Err(Error::from(ErrorKind::NotADirectory)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
        Err(error) => Err(error),
    }
}

fn is_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
}
