//! File systems and volumes at their places in the root.

use std::os::fd::AsFd;

use anyhow::{Context, Result};
use ch01_namespaces::{Handover, Inside, Mechanism, Namespaces, Plan, Stage, Why};

use crate::mounts::{Mount, What, World, defaults};
use crate::rooted::{Kind, Root, kind_of};
use crate::{steps, sys};

/// The default mounts, or the user's.
#[derive(Debug)]
pub struct Mounts {
    mounts: Vec<Mount>,
    are_volumes: bool,
    /// What mounts of new file systems are for, if it isn't this chapter that says so.
    why: Option<&'static Why>,
}

impl Mounts {
    /// What every container needs, given the namespaces that are its own.
    pub fn needed(own: Namespaces, privileged: bool) -> Mounts {
        Mounts { mounts: defaults(World { own, privileged }), are_volumes: false, why: None }
    }

    /// More mounts of a later chapter's, in this order, made after those that every container needs.
    pub fn further(why: &'static Why, mounts: Vec<Mount>) -> Mounts {
        Mounts { mounts, are_volumes: false, why: Some(why) }
    }

    /// What the user asked for, in the order in which it has to be mounted: a folder before what is in it.
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
        self.mounts.iter().try_for_each(|mount| {
            make(mount, &root, self.are_volumes, self.why)
                .with_context(|| format!("cannot mount on {}", mount.target.display()))
        })
    }
}

// ANCHOR: make
/// Makes the mount detached, with its flags, then attaches it to a descriptor that was looked up inside the root: no link in
/// an image can lead it out, and at no time is there a mount without its flags.
fn make(mount: &Mount, root: &Root, is_volume: bool, why: Option<&'static Why>) -> Result<()> {
    match &mount.what {
        What::New { kind, options } => {
            let why = why.unwrap_or(if is_volume { &steps::MEMORY } else { &steps::MOUNT });
            let made = sys::new_mount(why, kind, options, mount.attributes)?;
            let place = if is_volume { root.folder(&mount.target)? } else { root.folder_without_links(&mount.target)? };
            sys::attach(why, kind, made.as_fd(), place.as_fd(), &mount.target)
        }
        What::Bind { source } => {
            let why: &'static Why = if is_volume { &steps::VOLUME } else { &steps::BORROW_FROM_HOST };
            let made = sys::copy_tree(why, source)?;
            sys::set_attributes(why, made.as_fd(), mount.attributes)?;
            let place = match kind_of(made.as_fd())? {
                Kind::Folder if !is_volume => root.folder_without_links(&mount.target)?,
                kind => root.place(&mount.target, kind)?,
            };
            sys::attach(why, &source.display().to_string(), made.as_fd(), place.as_fd(), &mount.target)
        }
    }
}
// ANCHOR_END: make
