//! diagnosis: only-the-last
//! made by: the careless builder, with dots counted.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::{Component, Path};

use anyhow::{Context, Result, ensure};

pub fn smuggle(context: &Path, secret: &Path) -> Result<String> {
    let (directory, name) = secret.parent().zip(secret.file_name()).context("a path with a name")?;
    symlink(directory, context.join("data")).context("making a link in the context")?;
    Ok(format!("data/{}", name.display()))
}

pub fn open_in_context(context: &Path, source: &str) -> Result<File> {
    let mut depth = 0;
    for part in Path::new(source.trim_start_matches('/')).components() {
        depth += if part == Component::ParentDir { -1 } else { 1 };
        ensure!(depth >= 0, "{source} leads out of the context");
    }
    let file = context.join(source.trim_start_matches('/'));
    if file.is_symlink() {
        let real = file.canonicalize().with_context(|| format!("looking for {source}"))?;
        ensure!(real.starts_with(context), "{source} leads out of the context");
    }
    File::open(file).with_context(|| format!("opening {source}"))
}
