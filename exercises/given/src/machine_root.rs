use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
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
/// and what is written in it ends with the container. Until you stack layers, in chapter 4.
pub fn machine_root(root: &Path) -> Result<()> {
    let host = Path::new("/");
    for name in PROGRAMS {
        show(&host.join(name), &root.join(name)).with_context(|| format!("showing /{name} in the root"))?;
    }
    for name in SETTINGS {
        let from = host.join("etc").join(name);
        show(&from, &root.join("etc").join(name)).with_context(|| format!("showing /etc/{name} in the root"))?;
    }
    populate(root).with_context(|| format!("furnishing {}", root.display()))
}

fn show(from: &Path, to: &Path) -> Result<()> {
    let Ok(there) = fs::symlink_metadata(from) else { return Ok(()) };
    let directory = to.parent().context("a place has a parent")?;
    fs::create_dir_all(directory)?;
    if there.is_symlink() {
        return Ok(symlink(fs::read_link(from)?, to)?);
    }
    if there.is_dir() {
        fs::create_dir(to)?
    } else {
        drop(File::create(to)?)
    }
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
