//! "This file is deleted", in three forms: in an archive, on overlayfs, and on a plain copy.
//!
//! In an archive it is an empty file named `.wh.name`, and `.wh..wh..opq` in a directory hides all that lower layers have in
//! it (OCI image-spec, layer.md, "Whiteouts"). The names come from AUFS, which kept them that way on disk as well.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ch02_rootfs::import::{SpecialNames, remove_entry};
use nix::errno::Errno;

use crate::sys;

/// The prefix of a whiteout in an archive.
pub const PREFIX: &str = ".wh.";

/// The name that makes its directory opaque. It begins with the prefix, so it has to be looked for first.
const OPAQUE: &str = ".wh..wh..opq";

/// How a driver keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhiteoutForm {
    /// A character device 0:0; an attribute on an opaque directory.
    Overlay,
    /// Nothing is kept: what is deleted is removed from the copy.
    Remove,
}

/// What a name in an archive means.
#[derive(Debug, PartialEq, Eq)]
enum Meaning<'a> {
    File,
    Opaque,
    Deleted(&'a OsStr),
    /// `.wh..wh.plnk` and the like, AUFS's own: to be passed over.
    Private,
}

// ANCHOR: meaning
fn meaning(name: &OsStr) -> Meaning<'_> {
    match name.as_bytes().strip_prefix(PREFIX.as_bytes()) {
        None => Meaning::File,
        Some(_) if name == OPAQUE => Meaning::Opaque,
        Some(rest) if rest.starts_with(PREFIX.as_bytes()) => Meaning::Private,
        Some(rest) => Meaning::Deleted(OsStr::from_bytes(rest)),
    }
}
// ANCHOR_END: meaning

impl SpecialNames for WhiteoutForm {
    fn take(&self, directory: BorrowedFd<'_>, name: &Path) -> Result<bool> {
        match (meaning(name.as_os_str()), self) {
            (Meaning::File, _) => return Ok(false),
            (Meaning::Private, _) => {}
            (Meaning::Opaque, WhiteoutForm::Overlay) => {
                sys::make_opaque(directory).context("cannot make the directory opaque")?;
            }
            (Meaning::Opaque, WhiteoutForm::Remove) => {
                // What this layer itself has put there stays: an archive names the opaque marker first.
                remove_entries(directory)?;
            }
            (Meaning::Deleted(name), form) => {
                ensure!(name != "." && name != ".." && !name.is_empty(), "a whiteout of {name:?}");
                remove_entry(directory, Path::new(name))?;
                if *form == WhiteoutForm::Overlay {
                    match sys::make_whiteout(directory, name) {
                        Ok(()) | Err(Errno::EEXIST) => {}
                        Err(errno) => return Err(errno).context("mknod: cannot make a whiteout"),
                    }
                }
            }
        }
        Ok(true)
    }
}

fn remove_entries(directory: BorrowedFd<'_>) -> Result<()> {
    let names = crate::directory::Directory::from_fd(directory.try_clone_to_owned()?)?.names()?;
    names.iter().try_for_each(|name| remove_entry(directory, Path::new(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_opaque_marker_is_no_whiteout_of_a_whiteout() {
        assert_eq!(meaning(OsStr::new(".wh..wh..opq")), Meaning::Opaque);
        assert_eq!(meaning(OsStr::new(".wh.a")), Meaning::Deleted(OsStr::new("a")));
        assert_eq!(meaning(OsStr::new(".wh..wh.plnk")), Meaning::Private);
        assert_eq!(meaning(OsStr::new(".why")), Meaning::File);
        assert_eq!(meaning(OsStr::new("a.wh.b")), Meaning::File);
    }
}
