//! Directories that an archive takes for granted, because a lower layer has them.
//!
//! `tar c root/.profile` names no `root/`. A layer that makes it as a directory like any other
//! opens to everybody what was closed below, and where the image has a link (`bin`, since /usr was
//! merged), the directory hides it, and all programs with it. So what is below is asked first: a
//! link is followed, a directory is made as it is there.

use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, SFlag, fchmodat, mkdirat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchownat, unlinkat};

use crate::directory::{Directory, is_directory, is_whiteout, kind};
use crate::driver::vfs::copy::Copier;
use crate::sys;
use crate::union::Union;

/// As many as the kernel follows: path_resolution(7).
const MOST_LINKS: usize = 40;

/// A layer, and those below it.
pub struct Parents {
    layer: PathBuf,
    below: Vec<PathBuf>,
    /// The last answer: archives go from directory to directory.
    last: RefCell<Option<(PathBuf, PathBuf)>>,
    /// What is below a directory: whiteouts come one after the other as well.
    below_last: RefCell<Option<(PathBuf, Union)>>,
}

impl Parents {
    /// Of a layer on others, topmost first.
    pub fn new(layer: &Path, below: Vec<PathBuf>) -> Result<Parents> {
        Ok(Parents { layer: layer.into(), below, last: RefCell::default(), below_last: RefCell::default() })
    }

    /// Where a directory of the union is, from `/` on, without links; made in the layer like those
    /// below.
    pub fn reach(&self, directory: &Path) -> Result<PathBuf> {
        if let Some((asked, reached)) = &*self.last.borrow()
            && asked == directory
            && self.layer.join(reached.strip_prefix("/").unwrap_or(reached)).symlink_metadata().is_ok()
        {
            return Ok(reached.clone());
        }
        let reached = self.walk(directory)?;
        *self.last.borrow_mut() = Some((directory.into(), reached.clone()));
        Ok(reached)
    }

    /// Whether the layers below show something under a name in the directory that was
    /// [reached](Self::reach) last.
    pub fn is_visible_below(&self, name: &OsStr) -> Result<bool> {
        let last = self.last.borrow();
        let (_, reached) = last.as_ref().context("internal error: no directory was reached")?;
        let mut known = self.below_last.borrow_mut();
        if known.as_ref().is_none_or(|(path, _)| path != reached) {
            *known = Some((reached.clone(), self.open(reached)?.1));
        }
        Ok(known.as_ref().map_or(Ok(None), |(_, below)| below.find(name))?.is_some())
    }

    /// Forgets what is below, since a directory of the layer hides it from now on.
    pub fn forget(&self) {
        *self.below_last.borrow_mut() = None;
    }

    /// Where a file is, as [`reach`](Self::reach). One that only a layer below has is copied, as
    /// overlayfs does when it gets another name.
    pub fn copy_up(&self, file: &Path) -> Result<PathBuf> {
        let (Some(directory), Some(name)) = (file.parent(), file.file_name()) else { return Ok(file.into()) };
        let reached = self.reach(directory)?;
        let (own, below) = self.open(&reached)?;
        match own.stat(name)? {
            Some(stat) => ensure!(!is_whiteout(&stat), "this layer deletes {}", file.display()),
            None => {
                match below.find(name)? {
                    Some((layer, stat)) if !is_directory(&stat) => Copier::default()
                        .copy_entry(layer, &own, name, &stat)
                        .with_context(|| format!("cannot copy {} from a layer below", file.display()))?,
                    _ => {}
                }
            }
        }
        Ok(reached.join(name))
    }

    fn walk(&self, directory: &Path) -> Result<PathBuf> {
        let (mut reached, mut links) = (PathBuf::from("/"), 0);
        let mut rest = parts(directory);
        // What is open is the directory reached, until a link or `..` leads elsewhere: from the root again
        // for each part, a deep path would take the square of its length.
        let mut open = self.open(&reached)?;
        while let Some(part) = rest.pop() {
            if part == ".." {
                reached.pop();
                open = self.open(&reached)?;
                continue;
            }
            let (own, below) = &open;
            let target = match own.stat(&part)? {
                Some(stat) if is_whiteout(&stat) => {
                    unlinkat(own, part.as_os_str(), UnlinkatFlags::NoRemoveDir).context("a whiteout")?;
                    make_directory(own, &part, None)?;
                    let made = own.child(&part)?.context("it was exchanged")?;
                    sys::make_opaque(made.as_fd()).context("cannot make it opaque")?;
                    self.forget();
                    None
                }
                Some(stat) if kind(&stat) == SFlag::S_IFLNK => Some(own.read_link(&part)?.context("it was exchanged")?),
                Some(_) => None,
                None => match below.find(&part)? {
                    Some((layer, stat)) if kind(&stat) == SFlag::S_IFLNK => {
                        Some(layer.read_link(&part)?.context("it was exchanged")?)
                    }
                    Some((layer, stat)) if is_directory(&stat) => {
                        make_directory(own, &part, Some((layer, &stat)))?;
                        None
                    }
                    _ => {
                        make_directory(own, &part, None)?;
                        None
                    }
                },
            };
            match target {
                None => {
                    reached.push(&part);
                    open = down(&open, &part).with_context(|| format!("cannot enter {}", reached.display()))?;
                }
                Some(target) => {
                    links += 1;
                    ensure!(links <= MOST_LINKS, "too many links on the way to {}", directory.display());
                    if Path::new(&target).is_absolute() {
                        reached = PathBuf::from("/");
                        open = self.open(&reached)?;
                    }
                    rest.extend(parts(Path::new(&target)));
                }
            }
        }
        Ok(reached)
    }

    /// A directory of the layer, which is there, and what is below it.
    fn open(&self, path: &Path) -> Result<(Directory, Union)> {
        let own = Directory::open(&self.layer)?;
        let below = self.below.iter().map(|layer| Directory::open(layer)).collect::<Result<_>>()?;
        let mut open = (own, Union::new(below));
        for part in parts(path).iter().rev() {
            open = down(&open, part).with_context(|| format!("cannot enter {}", path.display()))?;
        }
        Ok(open)
    }
}

/// A directory in a directory, and what is below it.
fn down((own, below): &(Directory, Union), part: &OsStr) -> Result<(Directory, Union)> {
    let own = own.child(part)?.context("it is not a directory")?;
    let below = if own.is_opaque() { Union::default() } else { below.child(part)? };
    Ok((own, below))
}

/// The parts of a path, last first.
fn parts(path: &Path) -> Vec<OsString> {
    let matters = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir);
    path.components().rev().filter(matters).map(|part| part.as_os_str().to_os_string()).collect()
}

/// Like another one, or as archives without an entry for it get it.
fn make_directory(parent: &Directory, name: &OsStr, like: Option<(&Directory, &FileStat)>) -> Result<()> {
    mkdirat(parent, name, Mode::S_IRWXU).with_context(|| format!("cannot make {}", name.display()))?;
    let mode = like.map_or(0o755, |(_, stat)| stat.st_mode & 0o7777);
    if let Some((layer, stat)) = like {
        let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
        match fchownat(parent, name, Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(()) | Err(Errno::EINVAL) => {}
            Err(errno) => return Err(errno).context("chown"),
        }
        for (key, value) in layer.attributes(name)? {
            sys::set_attribute(parent.as_fd(), name, &key, &value)?;
        }
    }
    fchmodat(parent, name, Mode::from_bits_truncate(mode), FchmodatFlags::FollowSymlink).context("chmod")
}
