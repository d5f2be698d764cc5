//! diagnosis: too-strict
//! made by: who takes the strictest flag.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

pub fn smuggle(context: &Path, secret: &Path) -> Result<String> {
    let (directory, name) = secret.parent().zip(secret.file_name()).context("a path with a name")?;
    symlink(directory, context.join("data")).context("making a link in the context")?;
    Ok(format!("data/{}", name.display()))
}

pub fn open_in_context(context: &Path, source: &str) -> Result<File> {
    let directory = File::open(context).with_context(|| format!("opening the context {}", context.display()))?;
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
    let file = openat2(&directory, source.trim_start_matches('/'), how)
        .with_context(|| format!("opening {source} in the context"))?;
    Ok(File::from(file))
}
