//! File systems and volumes at their places in the root.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Handover, Inside, Mechanism, Namespaces, Plan, Stage, Why};
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};

use crate::mounts::{Mount, What, World, defaults};
use crate::rooted::{Kind, Root, kind_of};
use crate::sys::Identity;
use crate::{steps, sys};

/// The default mounts, or the user's.
#[derive(Debug)]
pub struct Mounts {
    mounts: Vec<Mount>,
    are_volumes: bool,
    /// What they are for, if it isn't this chapter that says so.
    why: Option<&'static Why>,
}

impl Mounts {
    /// What every container needs, given the namespaces that are its own, and the size of its shared
    /// memory.
    pub fn needed(own: Namespaces, privileged: bool, shm_size: Option<u64>) -> Mounts {
        Mounts { mounts: defaults(World { own, privileged, shm_size }), are_volumes: false, why: None }
    }

    /// More mounts of a later chapter's, in this order, made after those that every container needs.
    pub fn further(why: &'static Why, mounts: Vec<Mount>) -> Mounts {
        Mounts { mounts, are_volumes: false, why: Some(why) }
    }

    /// What the user asked for, in the order in which it has to be mounted: a directory before what is
    /// in it.
    pub fn volumes(mut mounts: Vec<Mount>) -> Mounts {
        mounts.sort_by_key(|mount| mount.target.components().count());
        Mounts { mounts, are_volumes: true, why: None }
    }
}

impl Mechanism for Mounts {
    fn name(&self) -> &'static str {
        if self.are_volumes { "volumes" } else { "mounts" }
    }

    fn stage(&self) -> Stage {
        Stage::Mounts
    }

    /// A source that isn't there is the caller's mistake, told before anything is made.
    fn prepare(&mut self, _: &mut Plan) -> Result<()> {
        for mount in self.mounts.iter_mut().filter(|_| self.are_volumes) {
            if let What::Bind { source } = &mut mount.what {
                *source = source.canonicalize().with_context(|| {
                    format!("cannot find the volume's source {}\ncure: make it first: mkdir -p {0}", source.display())
                })?;
            }
        }
        Ok(())
    }

    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        let root = Root::open(&inside.root)?;
        let mut made = Vec::new();
        for mount in &self.mounts {
            let own = make(mount, &root, self.are_volumes, self.why)
                .with_context(|| format!("cannot mount on {}", mount.target.display()))?;
            made.push((&mount.target, own));
        }
        if self.are_volumes {
            made.iter().try_for_each(|(target, own)| is_in_sight(&root, target, *own))
        } else {
            Ok(())
        }
    }
}

// ANCHOR: is_in_sight
/// Another volume may have the same place by another name (`/data`, `/x/../data`, a link), or a
/// place above it.
fn is_in_sight(root: &Root, target: &Path, own: Identity) -> Result<()> {
    let found = root.find(target)?.map(|found| sys::identity(found.as_fd())).transpose()?;
    if found != Some(own) {
        bail!(
            "another volume hides what is mounted on {}\n\
             cause: their targets are one place, or one lies in the other, by way of .. or a link in the image\n\
             cure: write the targets as they are in the image, without .. and links",
            target.display()
        );
    }
    Ok(())
}

/// A volume on the root itself would hide everything, the program to be run among it. What the
/// target's text says doesn't decide: `/x/..` and a link to / are the root as well.
fn refuse_root(root: &Root, place: BorrowedFd<'_>) -> Result<()> {
    if sys::identity(place)? == sys::identity(root.as_fd())? {
        bail!("the target is the root itself: that is what --rootfs is for");
    }
    Ok(())
}
// ANCHOR_END: is_in_sight

/// Files of /proc that may be covered: programs that show a container its share of the machine do
/// so (lxcfs).
const COVERABLE: [&str; 8] = ["cpuinfo", "diskstats", "loadavg", "meminfo", "slabinfo", "stat", "swaps", "uptime"];

/// A volume on /proc or in it could show programs another container's processes or settings, us
/// among them. The place is asked where it is, not the target's text: links lead there, too.
fn refuse_proc(made: BorrowedFd<'_>, place: BorrowedFd<'_>, target: &Path) -> Result<()> {
    let is_proc = |fd| Ok::<_, anyhow::Error>(fstatfs(fd).context("fstatfs")?.filesystem_type() == PROC_SUPER_MAGIC);
    let may_be_covered =
        COVERABLE.iter().any(|file| Path::new("/proc").join(file) == target) && kind_of(place)? == Kind::File;
    if may_be_covered || !is_proc(place)? || is_proc(made)? {
        return Ok(());
    }
    bail!(
        "nothing can be mounted on /proc or in it\ncause: programs, and we, trust what the kernel says there\ncure: \
         another target; the files that may be covered are {}",
        COVERABLE.join(", ")
    )
}

// ANCHOR: make
/// Makes the mount detached, with its flags, then attaches it to a descriptor that was looked up
/// inside the root: no link in an image can lead it out, and at no time is there a mount without
/// its flags.
fn make(mount: &Mount, root: &Root, is_volume: bool, why: Option<&'static Why>) -> Result<Identity> {
    match &mount.what {
        What::New { kind, options } => {
            let why = why.unwrap_or(if is_volume { &steps::MEMORY } else { &steps::MOUNT });
            let made = sys::new_mount(why, kind, options, mount.attributes)?;
            let place =
                if is_volume { root.directory(&mount.target)? } else { root.directory_without_links(&mount.target)? };
            if is_volume {
                refuse_root(root, place.as_fd())?;
                refuse_proc(made.as_fd(), place.as_fd(), &mount.target)?;
            }
            sys::attach(why, kind, made.as_fd(), place.as_fd(), &mount.target)?;
            Ok(sys::identity(made.as_fd())?)
        }
        What::Bind { source } => {
            let why = why.unwrap_or(if is_volume { &steps::VOLUME } else { &steps::BORROW_FROM_HOST });
            let made = sys::copy_tree(why, source)?;
            sys::set_attributes(why, made.as_fd(), mount.attributes)?;
            let place = match kind_of(made.as_fd())? {
                Kind::Directory if !is_volume => root.directory_without_links(&mount.target)?,
                kind => root.place(&mount.target, kind)?,
            };
            if is_volume {
                refuse_root(root, place.as_fd())?;
                refuse_proc(made.as_fd(), place.as_fd(), &mount.target)?;
            }
            sys::attach(why, &source.display().to_string(), made.as_fd(), place.as_fd(), &mount.target)?;
            Ok(sys::identity(made.as_fd())?)
        }
    }
}
// ANCHOR_END: make
