//! A directory of an image, copied out of its layers: what a new volume is filled with.

use std::ffi::OsStr;
use std::path::{Component, Path};

use anyhow::{Context, Result};
use nix::sys::stat::SFlag;

use crate::LayerStore;
use crate::digest::ChainId;
use crate::directory::{Directory, is_directory, kind};
use crate::driver::vfs::copy::Copier;
use crate::owner::as_owner;
use crate::union::Union;

impl LayerStore {
    /// Copies what an image has in the directory `path` to `target`, which is empty. Nothing is copied
    /// where the image has no such directory.
    pub fn copy_out(&self, image: &ChainId, path: &Path, target: &Path) -> Result<()> {
        let layers: Vec<_> =
            self.stack(image)?.into_iter().map(|layer| self.driver().content(&layer.cache_id)).collect();
        // On vfs the topmost layer has everything.
        let layers = match self.driver().name() {
            crate::driver::Name::Vfs => layers.into_iter().take(1).collect(),
            crate::driver::Name::Overlay2 => layers,
        };
        as_owner(|| {
            let open = layers.iter().map(|layer| Directory::open(layer)).collect::<Result<_>>()?;
            let mut union = Union::new(open);
            let mut visible = None;
            for part in path.components() {
                let Component::Normal(name) = part else { continue };
                match union.find(name)? {
                    Some((_, stat)) if is_directory(&stat) => visible = Some(stat),
                    // A link, a file, or nothing.
                    _ => return Ok(()),
                }
                union = union.child(name)?;
            }
            let to = Directory::open(target)?;
            let mut copier = Copier::default();
            copy_union(&union, &to, &mut copier)?;
            visible.map_or(Ok(()), |stat| copier.set_directory(&to, OsStr::new("."), &stat))
        })
    }
}

impl LayerStore {
    /// Whether an image has a directory at a path, links followed as its own processes would follow
    /// them.
    pub fn has_directory(&self, image: &ChainId, path: &Path) -> Result<bool> {
        let layers: Vec<_> =
            self.stack(image)?.into_iter().map(|layer| self.driver().content(&layer.cache_id)).collect();
        as_owner(|| {
            let mut rest: Vec<_> = normal_parts(path);
            let mut reached: Vec<std::ffi::OsString> = Vec::new();
            let mut links = 0;
            while let Some(part) = rest.pop() {
                if part == ".." {
                    reached.pop();
                    continue;
                }
                let open = layers.iter().map(|layer| Directory::open(layer)).collect::<Result<_>>()?;
                let union = reached.iter().try_fold(Union::new(open), |union, part| union.child(part))?;
                match union.find(&part)? {
                    Some((_, stat)) if is_directory(&stat) => reached.push(part),
                    Some((layer, stat)) if kind(&stat) == SFlag::S_IFLNK && links < 40 => {
                        links += 1;
                        let target = layer.read_link(&part)?.context("it was exchanged")?;
                        if Path::new(&target).is_absolute() {
                            reached.clear();
                        }
                        rest.extend(normal_parts(Path::new(&target)));
                    }
                    _ => return Ok(false),
                }
            }
            Ok(true)
        })
    }
}

/// The parts of a path, last first.
fn normal_parts(path: &Path) -> Vec<std::ffi::OsString> {
    let matters = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir);
    path.components().rev().filter(matters).map(|part| part.as_os_str().to_os_string()).collect()
}

fn copy_union(from: &Union, to: &Directory, copier: &mut Copier) -> Result<()> {
    for name in from.names()? {
        let Some((layer, stat)) = from.find(&name)? else { continue };
        if is_directory(&stat) {
            let inner = copier.make_directory(to, &name)?;
            let child = from.child(&name)?;
            copier.deeper(|copier| copy_union(&child, &inner, copier))?;
            copier.set_directory(to, &name, &stat)?;
        } else {
            copier.copy_entry(layer, to, &name, &stat).with_context(|| format!("cannot copy {}", name.display()))?;
        }
    }
    Ok(())
}
