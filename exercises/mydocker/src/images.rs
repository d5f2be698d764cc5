//! An archive becomes an image; and what a container has changed.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tar::{Entry, EntryType};

use crate::answers::{changes, copy_layer, ids, overlay, whiteout};
use crate::arguments::{Import, Storage};
use crate::store::{Store, Stored, may_give_away, store};
use crate::whole::{each_entry, ensure_whole};

/// Reads an archive from stdin.
pub fn import(asked: &Import) -> Result<()> {
    ensure!(!io::stdin().is_terminal(), "the archive comes from stdin: mydocker import {} <ARCHIVE", asked.name);
    let store = store()?;
    let below = asked.parent.as_ref().map_or(Ok(Vec::new()), |parent| store.image(parent))?;
    let new = store.place_for_layer(&asked.name, asked.storage)?;
    let layer = store.layer(&new);
    let unpacked = fill(&store, &layer, &below, asked.storage);
    if unpacked.is_err() {
        // Half a layer is none.
        let _ = fs::remove_dir_all(&layer);
    }
    unpacked?;
    store.name_image(&asked.name, &[below, vec![new]].concat())
}

fn fill(store: &Store, layer: &Path, below: &[String], storage: Storage) -> Result<()> {
    match (storage, below) {
        // 4.7  All that is below, and then what the archive changes.
        (Storage::Vfs, [.., top]) => copy_layer::copy_layer(&store.layer(top), layer)?,
        _ => fs::create_dir(layer).with_context(|| format!("making {}", layer.display()))?,
    }
    ensure_whole(unpack(io::stdin().lock(), layer, storage)?)
}

// ANCHOR: unpack
/// Unpacks an archive into a layer's directory, and does what its whiteouts say. Gives whether the
/// archive is whole.
pub fn unpack(archive: impl Read, layer: &Path, storage: Storage) -> Result<bool> {
    each_entry(archive, may_give_away()?, |entry| {
        let path = entry.path().context("a name in the archive")?.into_owned();
        let Some(name) = path.file_name() else { return Ok(()) };
        let directory = directory_in(layer, path.parent().unwrap_or(Path::new("")))?;
        let is_marker = match storage {
            // 4.3a  A whiteout becomes what overlayfs takes for one.
            Storage::Overlay => whiteout::apply_whiteout(&directory, name)?,
            Storage::Vfs => delete(&directory, &name.to_string_lossy())?,
        };
        if !is_marker {
            put(entry, layer).with_context(|| format!("unpacking {}", path.display()))?;
        }
        Ok(())
    })
}
// ANCHOR_END: unpack

/// A device is left out: a container's /dev is made anew.
fn put(entry: &mut Entry<impl Read>, layer: &Path) -> Result<()> {
    if !matches!(entry.header().entry_type(), EntryType::Char | EntryType::Block | EntryType::Fifo) {
        ensure!(entry.unpack_in(layer)?, "the name leads out of the layer");
    }
    Ok(())
}

/// The directory of an entry, in the layer: made where it is missing, and never on the way of a
/// link.
fn directory_in(layer: &Path, path: &Path) -> Result<PathBuf> {
    let mut directory = layer.to_path_buf();
    for component in path.components() {
        match component {
            Component::Normal(name) => directory.push(name),
            Component::CurDir | Component::RootDir => continue,
            _ => bail!("the name {} leads upwards", path.display()),
        }
        match fs::symlink_metadata(&directory) {
            Ok(there) => ensure!(there.is_dir(), "{} is below a file or a link", path.display()),
            Err(_) => fs::create_dir(&directory).with_context(|| format!("making {}", directory.display()))?,
        }
    }
    Ok(directory)
}

/// With vfs a layer has all files: what is deleted is removed.
fn delete(directory: &Path, name: &str) -> Result<bool> {
    let remove = |place: PathBuf| match fs::symlink_metadata(&place) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(place),
        Ok(_) => fs::remove_file(place),
        Err(_) => Ok(()),
    };
    match name.strip_prefix(".wh.") {
        None => return Ok(false),
        Some(".wh..opq") => {
            for entry in fs::read_dir(directory)? {
                remove(entry?.path())?;
            }
        }
        Some("" | "." | "..") => bail!("{name} deletes no file"),
        Some(deleted) => remove(directory.join(deleted)).with_context(|| format!("removing {deleted}"))?,
    }
    Ok(true)
}

/// Prints what a container has changed, as `docker diff` does.
pub fn diff(container: &str) -> Result<()> {
    let stored = store()?.container(container)?;
    ensure!(!stored.copy.exists(), "with vfs nothing says what {container} has changed: it is a copy");
    // Its files may be closed to all but the container's root, which an ordinary user is in a user
    // namespace.
    if !given::is_privileged() {
        ids::become_root()?;
    }

    // 4.5  The upper directory, against the layers.
    for change in changes::changes(&stored.layers, &stored.upper)? {
        println!("{change}");
    }
    Ok(())
}

/// Makes the image's files the container's root.
pub fn mount(stored: &Stored, storage: Storage, root: &Path) -> Result<()> {
    match storage {
        // 4.2  All layers, seen as one; and each change goes into the container's own directory.
        Storage::Overlay => overlay::mount_overlay(stored.differences()?, &stored.upper, &stored.work, root)?,
        Storage::Vfs => {
            // 4.7  A copy, which belongs to the container.
            copy_layer::copy_layer(stored.whole_image()?, &stored.copy)?;
            stored.show_copy(root)?;
        }
    }
    if stored.on_hostbox { given::show_programs(root) } else { Ok(()) }
}
