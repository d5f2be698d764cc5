//! diagnosis: dots
//! made by: who has heard of links.

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
    let mut path = context.to_path_buf();
    for part in Path::new(source.trim_start_matches('/')).components() {
        path.push(part);
        if let Ok(target) = path.read_link() {
            let target = path.parent().unwrap_or(context).join(target).canonicalize()?;
            ensure!(target.starts_with(context), "{source} leads out of the context");
        }
    }
    File::open(file).with_context(|| format!("opening {source}"))
}
