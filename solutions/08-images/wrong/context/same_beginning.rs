//! diagnosis: same-beginning
//! made by: who compares paths as texts.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result, ensure};

pub fn smuggle(context: &Path, secret: &Path) -> Result<String> {
    let (directory, name) = secret.parent().zip(secret.file_name()).context("a path with a name")?;
    symlink(directory, context.join("data")).context("making a link in the context")?;
    Ok(format!("data/{}", name.display()))
}

pub fn open_in_context(context: &Path, source: &str) -> Result<File> {
    let file = context.join(source.trim_start_matches('/'));
    let real = file.canonicalize().with_context(|| format!("looking for {source}"))?;
    let beginning = context.display().to_string();
    ensure!(real.display().to_string().starts_with(&beginning), "{source} leads out of the context");
    File::open(real).with_context(|| format!("opening {source}"))
}
