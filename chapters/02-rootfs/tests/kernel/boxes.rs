//! Root file systems for tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::running::{format_output, program};

/// A small root at /tmp/NAME, made by our own `rootfs create`.
pub fn small(name: &str) -> Result<PathBuf> {
    let path = Path::new("/tmp").join(name);
    let programs = ["sh", "cat", "ls", "stat", "head", "mkdir", "touch", "pwd", "mount"];
    let with = programs.into_iter().flat_map(|name| ["--with", name]);
    let output = program().args(["rootfs", "create"]).arg(&path).args(with).output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    Ok(path)
}

pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Names in a directory, sorted.
pub fn names(directory: &Path) -> Result<Vec<String>> {
    let mut names: Vec<_> =
        fs::read_dir(directory)?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}
