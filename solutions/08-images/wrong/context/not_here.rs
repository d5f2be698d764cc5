//! diagnosis: not-here
//! made by: who takes a hard link, which is no link to is_symlink.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};

pub fn smuggle(context: &Path, secret: &Path) -> Result<String> {
    fs::hard_link(secret, context.join("data")).context("making a link in the context")?;
    Ok("data".into())
}

pub fn open_in_context(context: &Path, source: &str) -> Result<File> {
    let directory = File::open(context).with_context(|| format!("opening the context {}", context.display()))?;
    let how = OpenHow::new().flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC).resolve(ResolveFlag::RESOLVE_BENEATH);
    let file = openat2(&directory, source.trim_start_matches('/'), how)
        .with_context(|| format!("opening {source} in the context"))?;
    Ok(File::from(file))
}
