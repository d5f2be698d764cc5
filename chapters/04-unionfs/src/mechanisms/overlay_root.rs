//! The union as the container's root: overlayfs, mounted in the container's own mount namespace.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ch01_namespaces::{CallFailed, Handover, Inside, Mechanism, Namespace, Plan, Stage, Why, is_first_user_namespace};
use ch02_rootfs::rooted::Root;
use nix::errno::Errno;

use crate::{steps, sys};

/// Layers united as a container's root.
#[derive(Debug)]
pub struct OverlayRoot {
    /// The driver's store: all names below are relative to it.
    store: PathBuf,
    union: OverlayMount,
}

/// What is to be mounted, in names relative to a directory. The names are short, and free of the
/// letters that a string of mount options gives a meaning to (`:` `,` `\`), whatever the path of
/// that directory.
#[derive(Debug, Clone)]
pub struct OverlayMount {
    /// The read-only layers, topmost first.
    pub lower: Vec<String>,
    /// The layer that is written to.
    pub upper: String,
    /// A directory on the same file system, where overlayfs prepares what will appear in `upper`.
    pub work: String,
    /// Where the union appears.
    pub merged: String,
    /// Whether overlayfs keeps its notes in `user.*` attributes: an ordinary user may not write
    /// `trusted.*`.
    pub user_attributes: bool,
}

impl OverlayRoot {
    /// A layer on top of others: `lower` are short links, as in `l/ABC`.
    pub fn new(store: PathBuf, id: String, lower: Vec<String>) -> OverlayRoot {
        let inside = |name: &str| format!("{id}/{name}");
        let union = OverlayMount {
            lower,
            upper: inside("diff"),
            work: inside("work"),
            merged: inside("merged"),
            user_attributes: false,
        };
        OverlayRoot { store, union }
    }
}

impl Mechanism for OverlayRoot {
    fn name(&self) -> &'static str {
        "root"
    }

    fn stage(&self) -> Stage {
        Stage::Root
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        plan.root = self.store.join(&self.union.merged);
        // The identity stage has been there already.
        let joins = plan.join.iter().any(|(kinds, _)| kinds.has(Namespace::User));
        self.union.user_attributes = plan.create.has(Namespace::User) || joins || !is_first_user_namespace();
        Ok(())
    }

    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        self.union.mount(&self.store, &inside.root)
    }
}

impl OverlayMount {
    // ANCHOR: mount
    /// Mounts the union at `place`, the absolute path of `merged`. Changes the working directory.
    ///
    /// The new mount API takes one layer at a time, up to 500 (`lowerdir+`, Linux 6.7). Older kernels
    /// take all layers in one string of at most one page, so the layers have short links.
    pub fn mount(&self, store: &Path, place: &Path) -> Result<()> {
        ch02_rootfs::sys::chdir(&steps::GO_TO_LAYERS, store)?;
        match self.mount_one_by_one(place) {
            Err(first) if is_invalid(&first) => match self.mount_in_one_string(place) {
                // The kernel refused something else than `lowerdir+`: the new API gives the reason.
                Err(second) if is_invalid(&second) && was_understood(&first) => Err(first),
                mounted => mounted,
            },
            mounted => mounted,
        }
    }
    // ANCHOR_END: mount

    /// With fsopen(2) and the like; the mount is attached to a descriptor.
    pub fn mount_one_by_one(&self, place: &Path) -> Result<()> {
        let why: &'static Why = &steps::UNITE;
        let mut options: Vec<(String, String)> =
            self.lower.iter().map(|layer| ("lowerdir+".into(), layer.clone())).collect();
        options.extend(self.others().map(|(key, value)| (key.into(), value.into())));
        let union = ch02_rootfs::sys::new_mount(why, "overlay", &options, 0)?;
        let target = Root::open(Path::new(&self.merged))?;
        ch02_rootfs::sys::attach(why, "overlay", union.as_fd(), target.as_fd(), place)
    }

    /// With mount(2).
    pub fn mount_in_one_string(&self, place: &Path) -> Result<()> {
        let lower = ("lowerdir", self.lower.join(":"));
        let others = self.others().map(|(key, value)| (key, value.to_string()));
        let option =
            |(key, value): (&str, String)| if value.is_empty() { key.into() } else { format!("{key}={value}") };
        let options: Vec<String> = [lower].into_iter().chain(others).map(option).collect();
        sys::mount_with_options(&steps::UNITE, "overlay", Path::new(&self.merged), &options.join(","))
            .with_context(|| format!("cannot mount the union of layers at {}", place.display()))
    }

    /// Distributions build overlayfs with different defaults, and a layer must mean the same on each:
    /// no renaming of lower directories by reference, no files without data, no index of hard links.
    /// With `userxattr` the kernel takes no word about `redirect_dir`: there it is always off.
    fn others(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let redirect = if self.user_attributes { ("userxattr", "") } else { ("redirect_dir", "nofollow") };
        let off = [redirect, ("metacopy", "off"), ("index", "off")];
        [("upperdir", self.upper.as_str()), ("workdir", self.work.as_str())].into_iter().chain(off)
    }
}

fn failed(error: &anyhow::Error) -> Option<&CallFailed> {
    error.downcast_ref()
}

fn is_invalid(error: &anyhow::Error) -> bool {
    failed(error).is_some_and(|failed| failed.errno == Errno::EINVAL)
}

/// Whether it failed at something else than `lowerdir+`.
fn was_understood(error: &anyhow::Error) -> bool {
    failed(error).is_some_and(|failed| !failed.call.contains("lowerdir+"))
}

/// Mounts a trial, in a mount namespace made for it: see `driver/choose.rs`.
pub fn try_mount(trial: &Path) -> Result<()> {
    sys::make_mounts_private().context("cannot make mounts private")?;
    let name = String::from;
    let union = OverlayMount {
        lower: vec![name("lower")],
        upper: name("upper"),
        work: name("work"),
        merged: name("merged"),
        user_attributes: !is_first_user_namespace(),
    };
    // The mount alone proves too little: without attributes it works, and no directory could replace
    // one that was deleted. (tmpfs keeps those of users' own since Linux 6.6.)
    let upper = Root::open(&trial.join("upper"))?;
    let upper = upper.directory(Path::new("/"))?;
    sys::make_opaque(upper.as_fd()).context(
        "this file system doesn't support user attributes, with which overlayfs marks opaque directories\n\
         cure: put the data on ext4, xfs or btrfs (XDG_DATA_HOME, or --root)",
    )?;
    union.mount(trial, &trial.join("merged"))
}
