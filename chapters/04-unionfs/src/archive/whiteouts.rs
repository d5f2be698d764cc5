//! "This file is deleted", in three forms: in an archive, on overlayfs, and on a plain copy.
//!
//! In an archive it is an empty file named `.wh.name`, and `.wh..wh..opq` in a directory hides all
//! that lower layers have in it (OCI image-spec, layer.md, "Whiteouts"). The names come from AUFS,
//! which kept them that way on disk as well.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::hash::{BuildHasher, RandomState};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ch02_rootfs::import::{SpecialNames, remove_entry};
use nix::sys::stat::fstat;

use super::parents::Parents;
use crate::directory::{Directory, MOST_LEVELS, is_whiteout};
use crate::sys;

/// The prefix of a whiteout in an archive.
pub const PREFIX: &str = ".wh.";

/// The name that makes its directory opaque. It begins with the prefix, so it has to be looked for
/// first.
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

/// The whiteouts of one archive, taken as they come. They are about layers below, in whatever order
/// an archive has them: a file of the same layer stays.
pub struct Whiteouts {
    form: WhiteoutForm,
    hasher: RandomState,
    /// Places of this layer's own entries, where there is anything below: 8 bytes for each.
    own: RefCell<HashSet<u64>>,
    /// Places where this layer deletes something.
    deleted: RefCell<HashSet<u64>>,
    has_below: bool,
    /// What is below, where the layer holds nothing of it.
    parents: Option<Parents>,
}

impl Whiteouts {
    /// For a driver that keeps them in this form, in a layer on others.
    pub fn new(form: WhiteoutForm, layer: &Path, below: Vec<PathBuf>) -> Result<Whiteouts> {
        let has_below = !below.is_empty();
        let needs_parents = form == WhiteoutForm::Overlay && has_below;
        Ok(Whiteouts {
            form,
            hasher: RandomState::new(),
            own: RefCell::default(),
            deleted: RefCell::default(),
            has_below,
            parents: needs_parents.then(|| Parents::new(layer, below)).transpose()?,
        })
    }

    /// A place, whatever names lead to its directory.
    fn place(&self, directory: BorrowedFd<'_>, name: &OsStr) -> Result<u64> {
        let directory = fstat(directory).context("fstat")?;
        Ok(self.hasher.hash_one((directory.st_dev, directory.st_ino, name)))
    }

    // ANCHOR: remove_lower
    /// Removes the entry with this name, except files that this layer has added (image-spec, layer.md,
    /// "Whiteouts"). Returns whether files of this layer stay. (With overlay2 it removes earlier
    /// whiteouts, which would be visible as devices in an opaque directory.)
    fn remove_lower(&self, directory: &Directory, name: &OsStr, level: usize) -> Result<bool> {
        ensure!(level < MOST_LEVELS, "directories are nested deeper than {MOST_LEVELS} levels");
        let Some(stat) = directory.stat(name)? else { return Ok(false) };
        let place = self.place(directory.as_fd(), name)?;
        let is_own = !is_whiteout(&stat) && self.own.borrow().contains(&place);
        let child = directory.child(name)?;
        let has_own = child.map_or(Ok(false), |child| self.remove_lower_entries(&child, level + 1))?;
        if !is_own && !has_own {
            remove_entry(directory.as_fd(), Path::new(name))?;
        }
        Ok(is_own || has_own)
    }
    // ANCHOR_END: remove_lower

    fn remove_lower_entries(&self, directory: &Directory, level: usize) -> Result<bool> {
        let names = directory.names()?;
        names.iter().try_fold(false, |stays, name| Ok(self.remove_lower(directory, name, level)? || stays))
    }

    /// Hides what is below a directory of the layer.
    fn make_opaque(&self, directory: &Directory) -> Result<()> {
        sys::make_opaque(directory.as_fd()).context("cannot make the directory opaque")?;
        self.parents.iter().for_each(Parents::forget);
        Ok(())
    }

    /// Deletes a name of the layers below.
    fn delete(&self, directory: &Directory, name: &OsStr) -> Result<()> {
        let stays = self.remove_lower(directory, name, 0)?;
        let Some(parents) = &self.parents else { return Ok(()) };
        if stays {
            return directory.child(name)?.map_or(Ok(()), |child| self.make_opaque(&child));
        }
        // Where nothing is below, a whiteout would hide nothing, and be seen as a device.
        if parents.is_visible_below(name)? {
            sys::make_whiteout(directory.as_fd(), name).context("mknod: cannot make a whiteout")?;
            self.deleted.borrow_mut().insert(self.place(directory.as_fd(), name)?);
        }
        Ok(())
    }
}

impl SpecialNames for Whiteouts {
    fn reach(&self, directory: &Path) -> Result<PathBuf> {
        self.parents.as_ref().map_or(Ok(directory.into()), |parents| parents.reach(directory))
    }

    fn link_target(&self, target: &Path) -> Result<PathBuf> {
        self.parents.as_ref().map_or(Ok(target.into()), |parents| parents.copy_up(target))
    }

    fn take(&self, directory: BorrowedFd<'_>, name: &Path) -> Result<bool> {
        let meaning = meaning(name.as_os_str());
        if let Meaning::Deleted(name) = meaning {
            ensure!(name != "." && name != ".." && !name.is_empty(), "a whiteout of {name:?}");
        }
        if meaning == Meaning::File || !self.has_below {
            return Ok(meaning != Meaning::File);
        }
        let directory = Directory::from_fd(directory.try_clone_to_owned()?)?;
        match meaning {
            Meaning::Opaque => {
                self.remove_lower_entries(&directory, 0)?;
                if self.form == WhiteoutForm::Overlay {
                    self.make_opaque(&directory)?;
                }
            }
            Meaning::Deleted(name) => self.delete(&directory, name)?,
            Meaning::File | Meaning::Private => {}
        }
        Ok(true)
    }

    fn made(&self, directory: BorrowedFd<'_>, name: &Path, is_directory: bool) -> Result<()> {
        if !self.has_below {
            return Ok(());
        }
        let place = self.place(directory, name.as_os_str())?;
        self.own.borrow_mut().insert(place);
        // A directory in a whiteout's place: it would be united with the one that was deleted.
        if is_directory && self.deleted.borrow().contains(&place) {
            let new = Directory::from_fd(directory.try_clone_to_owned()?)?.child(name.as_os_str())?;
            self.make_opaque(&new.context("it was exchanged")?)?;
        }
        Ok(())
    }
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
