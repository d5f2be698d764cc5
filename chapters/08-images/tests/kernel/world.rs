//! A store of images, and the program.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Result, ensure};

/// The program with a store in the lab's own /tmp.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coracle"));
    command.args(["--root", "/tmp/store"]).args(args).env("XDG_CACHE_HOME", "/tmp/cache").stdin(Stdio::null());
    command
}

/// What it prints, when it must not fail.
pub fn succeeds(args: &[&str]) -> Result<String> {
    said(program(args).output()?, args)
}

/// The same of an output.
pub fn said(output: Output, args: &[&str]) -> Result<String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{args:?}: {}\n{stderr}", output.status);
    Ok(String::from_utf8(output.stdout)?.trim_end().to_string())
}

/// What it says on stderr, when it must fail.
pub fn fails(args: &[&str]) -> Result<String> {
    refused(program(args).output()?, args)
}

/// The same of an output.
pub fn refused(output: Output, args: &[&str]) -> Result<String> {
    ensure!(!output.status.success(), "{args:?} succeeded: {}", String::from_utf8_lossy(&output.stdout));
    Ok(String::from_utf8(output.stderr)?)
}

/// The names of all blobs on disk, without those of builtin images.
pub fn blobs() -> Result<Vec<String>> {
    let directory = Path::new("/tmp/store/data/images/blobs/sha256");
    let mut names: Vec<String> = match std::fs::read_dir(directory) {
        Ok(entries) => {
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<Result<_>>()?
        }
        Err(_) => Vec::new(),
    };
    names.sort();
    Ok(names)
}

/// A directory with files.
pub fn context(files: &[(&str, &str)]) -> Result<&'static str> {
    std::fs::create_dir_all("/tmp/context")?;
    for (name, text) in files {
        std::fs::write(Path::new("/tmp/context").join(name), text)?;
    }
    Ok("/tmp/context")
}
