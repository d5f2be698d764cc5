//! "This file is deleted", in three forms: in an archive, on overlayfs, and on a plain copy.
//!
//! In an archive it is an empty file named `.wh.name`, and `.wh..wh..opq` in a directory hides all that lower layers have in
//! it (OCI image-spec, layer.md, "Whiteouts"). The names come from AUFS, which kept them that way on disk as well.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::hash::{BuildHasher, RandomState};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ch02_rootfs::import::{SpecialNames, remove_entry};
use nix::errno::Errno;
use nix::sys::stat::fstat;

use super::parents::Parents;
use crate::directory::Directory;
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

/// The whiteouts of one archive, taken as they come.
pub struct Whiteouts {
    form: WhiteoutForm,
    hasher: RandomState,
    /// Places of this layer's own entries, where that matters: 8 bytes for each.
    own: RefCell<HashSet<u64>>,
    /// Places where this layer deletes something.
    deleted: RefCell<HashSet<u64>>,
    /// What is below, where the layer holds nothing of it.
    parents: Option<Parents>,
}

impl Whiteouts {
    /// For a driver that keeps them in this form, in a layer on others.
    pub fn new(form: WhiteoutForm, layer: &Path, below: Vec<PathBuf>) -> Result<Whiteouts> {
        let needs_parents = form == WhiteoutForm::Overlay && !below.is_empty();
        Ok(Whiteouts {
            form,
            hasher: RandomState::new(),
            own: RefCell::default(),
            deleted: RefCell::default(),
            parents: needs_parents.then(|| Parents::new(layer, below)).transpose()?,
        })
    }

    /// A place, whatever names lead to its directory.
    fn place(&self, directory: BorrowedFd<'_>, name: &Path) -> Result<u64> {
        let directory = fstat(directory).context("fstat")?;
        Ok(self.hasher.hash_one((directory.st_dev, directory.st_ino, name)))
    }

    /// Removes what this layer has not put there, since an opaque marker may come late: image-spec, "Opaque Whiteout". Tells
    /// whether something of this layer's is left.
    fn remove_lower_entries(&self, directory: BorrowedFd<'_>) -> Result<bool> {
        let directory = Directory::from_fd(directory.try_clone_to_owned()?)?;
        let mut keeps = false;
        for name in directory.names()? {
            let own = self.own.borrow().contains(&self.place(directory.as_fd(), Path::new(&name))?);
            let child = directory.child(&name)?;
            let has_own = child.map_or(Ok(false), |child| self.remove_lower_entries(child.as_fd()))?;
            if !own && !has_own {
                remove_entry(directory.as_fd(), Path::new(&name))?;
            }
            keeps |= own || has_own;
        }
        Ok(keeps)
    }
}

impl SpecialNames for Whiteouts {
    fn reach(&self, directory: &Path) -> Result<PathBuf> {
        self.parents.as_ref().map_or(Ok(directory.into()), |parents| parents.reach(directory))
    }

    fn take(&self, directory: BorrowedFd<'_>, name: &Path) -> Result<bool> {
        match (meaning(name.as_os_str()), self.form) {
            (Meaning::File, _) => return Ok(false),
            (Meaning::Private, _) => {}
            (Meaning::Opaque, WhiteoutForm::Overlay) => {
                sys::make_opaque(directory).context("cannot make the directory opaque")?;
            }
            (Meaning::Opaque, WhiteoutForm::Remove) => drop(self.remove_lower_entries(directory)?),
            (Meaning::Deleted(name), form) => {
                ensure!(name != "." && name != ".." && !name.is_empty(), "a whiteout of {name:?}");
                remove_entry(directory, Path::new(name))?;
                if form == WhiteoutForm::Overlay {
                    match sys::make_whiteout(directory, name) {
                        Ok(()) | Err(Errno::EEXIST) => {}
                        Err(errno) => return Err(errno).context("mknod: cannot make a whiteout"),
                    }
                    self.deleted.borrow_mut().insert(self.place(directory, Path::new(name))?);
                }
            }
        }
        Ok(true)
    }

    fn made(&self, directory: BorrowedFd<'_>, name: &Path, is_directory: bool) -> Result<()> {
        match self.form {
            WhiteoutForm::Remove => drop(self.own.borrow_mut().insert(self.place(directory, name)?)),
            // A directory in a whiteout's place: it would be united with the one that was deleted.
            WhiteoutForm::Overlay if is_directory && !self.deleted.borrow().is_empty() => {
                if self.deleted.borrow().contains(&self.place(directory, name)?) {
                    let new = Directory::from_fd(directory.try_clone_to_owned()?)?.child(name.as_os_str())?;
                    sys::make_opaque(new.context("it was exchanged")?.as_fd()).context("cannot make it opaque")?;
                }
            }
            WhiteoutForm::Overlay => {}
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
