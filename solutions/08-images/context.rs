//! Exercise 8.5b: a COPY that escapes its context.
//!
//! A builder may copy from its context, a directory that somebody sent, and from nowhere else. This
//! one looks at names. Get a file of the builder's machine into your image, then write the function
//! that opens files of the context only. Read openat2(2); check with `cargo wb check 8.5b`.

use std::fs::File;
// wb:answer
use std::os::unix::fs::symlink;
// wb:end
use std::path::Path;

use anyhow::{Context, Result};
// wb:answer
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
// wb:end

/// The attack: prepares the context so that the careless builder copies `secret`, an absolute path
/// on its machine. You prepare the context on another machine: there is no such file there. Returns
/// what to write behind COPY.
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
    // todo!("which links does the builder look for, and which ones not?")
    // wb:end
}

/// The defence: opens a file of the context. A `/` at the beginning is the context's. Links and
/// `..` are followed as long as they stay in it.
///
/// Fails, saying what it was, if the way leads out of the context at any point, or there is no such
/// file.
pub fn open_in_context(context: &Path, source: &str) -> Result<File> {
    // wb:answer
    let directory = File::open(context).with_context(|| format!("opening the context {}", context.display()))?;
    let how = OpenHow::new().flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_BENEATH);
    let file = openat2(&directory, source.trim_start_matches('/'), how)
        .with_context(|| format!("opening {source} in the context"))?;
    Ok(File::from(file))
    // wb:starter
    // todo!("the kernel can be told, for one lookup, that it must not leave a directory")
    // wb:end
}
