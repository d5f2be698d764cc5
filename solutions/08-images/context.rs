//! Exercise 8.5b: attack a builder through its context, and the defence.
//!
//! A builder may copy files only from its context, a directory from an untrusted source. First
//! copy a file of the builder's machine with an insecure builder. Then write the function that
//! opens only files in the context. Read openat2(2). Check with `cargo wb check 8.5b`.

use std::fs::File;
// wb:answer
use std::os::unix::fs::symlink;
// wb:end
use std::path::Path;

use anyhow::{Context, Result};
// wb:answer
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
// wb:end

/// The attack. Prepares the context, so that the insecure builder below copies `secret`, an
/// absolute path on the builder's machine. You prepare the context on another machine, where this
/// file doesn't exist. Returns the source for COPY.
///
/// ```ignore
/// ensure!(!source.split('/').any(|part| part == ".."), "forbidden path");
/// let path = context.join(source.trim_start_matches('/'));
/// ensure!(!path.is_symlink(), "a link is not copied");
/// fs::read(path)
/// ```
pub fn smuggle(context: &Path, secret: &Path) -> Result<String> {
    // wb:answer
    let (directory, name) = secret.parent().zip(secret.file_name()).context("a path with a name")?;
    symlink(directory, context.join("data")).context("making a link in the context")?;
    Ok(format!("data/{}", name.display()))
    // wb:starter
    // todo!("which links does the builder check, and which ones not?")
    // wb:end
}

/// The defence. Opens a file of the context. A `/` at the beginning means the context itself. Links
/// and `..` are followed if they stay within the context.
///
/// Returns an error with the path if any part of the path leads out of the context, or if the file
/// doesn't exist.
pub fn open_in_context(context: &Path, source: &str) -> Result<File> {
    // wb:answer
    let directory = File::open(context).with_context(|| format!("opening the context {}", context.display()))?;
    let how = OpenHow::new().flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_BENEATH);
    let file = openat2(&directory, source.trim_start_matches('/'), how)
        .with_context(|| format!("opening {source} in the context"))?;
    Ok(File::from(file))
    // wb:starter
    // todo!("which system call looks up a path without leaving a directory?")
    // wb:end
}
