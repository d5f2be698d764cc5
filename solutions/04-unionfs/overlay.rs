//! Exercise 4.2: mount layers as one directory.
//!
//! overlayfs shows several directories as one, and writes all changes into one of them. Its
//! options are one string. Read mount(2) and the kernel's page on overlayfs. Check with `cargo wb
//! check 4.2`.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

/// Mounts the union of `layers` and `upper` at `target`. The layers are read-only, and all changes
/// go to `upper`. `layers` are in the order of an image: the lowest first. `work` is an empty
/// directory on the same file system as `upper`. All directories exist.
///
/// The mount always has the option `userxattr`, so that overlayfs stores its marks in attributes
/// that root of a user namespace may also write. A path may contain any character.
///
/// Returns an error with the paths or the options if the kernel refuses the mount.
pub fn mount_overlay(layers: &[PathBuf], upper: &Path, work: &Path, target: &Path) -> Result<()> {
    // wb:answer
    // overlayfs lists them as one looks at them: from above.
    let lower: Vec<Vec<u8>> = layers.iter().rev().map(|layer| escaped(layer)).collect();
    let options = [
        b"userxattr,lowerdir=".to_vec(),
        lower.join(&b':'),
        b",upperdir=".to_vec(),
        escaped(upper),
        b",workdir=".to_vec(),
        escaped(work),
    ]
    .concat();
    mount(Some("overlay"), target, Some("overlay"), MsFlags::empty(), Some(options.as_slice())).with_context(|| {
        format!("mounting an overlay with {} on {}", String::from_utf8_lossy(&options), target.display())
    })
    // wb:starter
    // todo!("build one string with userxattr, lowerdir, upperdir and workdir; then mount")
    // wb:end
}
// wb:answer

/// The path, in which `:` and `,` don't end it: a backslash goes before each, and before each
/// backslash.
fn escaped(path: &Path) -> Vec<u8> {
    let letter = |byte: &u8| if b":,\\".contains(byte) { vec![b'\\', *byte] } else { vec![*byte] };
    path.as_os_str().as_bytes().iter().flat_map(letter).collect()
}
// wb:starter
// wb:end
