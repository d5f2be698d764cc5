use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::{env, io};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

use crate::bind::mount_setattr;

/// Where this machine's programs and their libraries are: shown, read-only, or linked, as they are
/// here.
const PROGRAMS: [&str; 9] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix/store", "gnu/store"];

/// What programs read in /etc, and no secret: shown, read-only.
const SETTINGS: [&str; 5] = ["alternatives", "ssl/certs", "terminfo", "ld.so.conf.d", "ld.so.cache"];

/// Directories that begin empty, with their modes.
const EMPTY: [(&str, u32); 11] = [
    ("dev", 0o755),
    ("home", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o755),
    ("root", 0o700),
    ("run", 0o755),
    ("srv", 0o755),
    ("sys", 0o755),
    ("tmp", 0o1777),
    ("var/tmp", 0o1777),
];

/// Fills an empty root with this machine's programs; there is nothing else of the machine's in it,
/// and what is written in it ends with the container.
pub fn machine_root(root: &Path) -> Result<()> {
    machine_layer(root)?;
    show_programs(root)
}

/// The same without the programs: empty places for them. So it can be a layer, on which images
/// without programs of their own stand.
pub fn machine_layer(layer: &Path) -> Result<()> {
    for (from, place) in of_the_machine() {
        make_place(&from, &layer.join(&place)).with_context(|| format!("a place for /{}", place.display()))?;
    }
    populate(layer).with_context(|| format!("furnishing {}", layer.display()))
}

/// Shows this machine's programs, read-only, where a root has places for them.
pub fn show_programs(root: &Path) -> Result<()> {
    for (from, place) in of_the_machine() {
        let to = root.join(&place);
        // An image's own link leads elsewhere.
        let is_place = |path: &Path| fs::symlink_metadata(path).is_ok_and(|there| !there.is_symlink());
        if is_place(&from) && is_place(&to) {
            show(&from, &to).with_context(|| format!("showing /{} in the root", place.display()))?;
        }
    }
    Ok(())
}

/// What is shown: where it is on this machine, and where in the root.
fn of_the_machine() -> impl Iterator<Item = (PathBuf, PathBuf)> {
    let settings = SETTINGS.iter().map(|name| Path::new("etc").join(name));
    PROGRAMS.iter().map(PathBuf::from).chain(settings).map(|place| (Path::new("/").join(&place), place))
}

/// An empty directory, or file, or the same link as here.
fn make_place(from: &Path, to: &Path) -> Result<()> {
    let Ok(there) = fs::symlink_metadata(from) else { return Ok(()) };
    fs::create_dir_all(to.parent().context("a place has a parent")?)?;
    if there.is_symlink() {
        return Ok(symlink(fs::read_link(from)?, to)?);
    }
    if there.is_dir() {
        fs::create_dir(to)?
    } else {
        drop(File::create(to)?)
    }
    Ok(())
}

fn show(from: &Path, to: &Path) -> Result<()> {
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)?;
    mount_setattr(to, libc::AT_RECURSIVE, libc::MOUNT_ATTR_RDONLY)
}

fn populate(root: &Path) -> io::Result<()> {
    for (name, mode) in EMPTY {
        make(&root.join(name), mode)?;
    }
    // Where the shell looks for its settings: an empty one, too.
    if let Some(home) = env::var_os("HOME") {
        fs::create_dir_all(root.join(Path::new(&home).strip_prefix("/").unwrap_or(Path::new("root"))))?;
    }
    let etc = root.join("etc");
    fs::create_dir_all(&etc)?;
    fs::write(etc.join("passwd"), "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")?;
    fs::write(etc.join("group"), "root:x:0:\nnogroup:x:65534:\n")?;
    fs::write(etc.join("hosts"), "127.0.0.1 localhost\n::1 localhost\n")?;
    // Not there on every machine.
    let _ = fs::copy("/etc/resolv.conf", etc.join("resolv.conf"));
    Ok(())
}

fn make(directory: &Path, mode: u32) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    // By chmod, which the umask doesn't touch.
    fs::set_permissions(directory, Permissions::from_mode(mode))
}
