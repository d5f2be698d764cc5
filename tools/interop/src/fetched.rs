//! Programs of other people's: from PATH, or from where `tools/interop/fetch` puts them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use testkit::needs;

/// The directory of what was fetched.
fn directory() -> Result<PathBuf> {
    // target/debug/deps/TEST
    let test = std::env::current_exe()?;
    Ok(test.ancestors().nth(3).context("a test is three directories below target")?.join("interop"))
}

/// A file that was fetched; a skip without it.
pub fn file(name: &str) -> Result<PathBuf> {
    let path = directory()?.join(name);
    needs::that(path.exists(), format!("{name} (run tools/interop/fetch)"))?;
    Ok(path)
}

/// A program in PATH, or one that was fetched; a skip without both.
pub fn program(name: &str) -> Result<PathBuf> {
    match in_path(name) {
        Some(path) => Ok(path),
        None => file(name),
    }
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file())
}

/// A docker command line.
#[derive(Debug, Clone)]
pub struct Docker {
    /// The program.
    pub path: PathBuf,
    /// Its own version: `28.2.2`.
    pub version: String,
}

/// All docker clients that are here, each version once; a skip if there is none.
pub fn docker_clients() -> Result<Vec<Docker>> {
    let mut found: Vec<Docker> = Vec::new();
    for path in [in_path("docker"), file("docker").ok()].into_iter().flatten() {
        let version = version_of(&path)?;
        if found.iter().all(|docker| docker.version != version) {
            found.push(Docker { path, version });
        }
    }
    needs::that(!found.is_empty(), "a docker client (run tools/interop/fetch)")?;
    Ok(found)
}

/// "Docker version 20.10.24+dfsg1, build 297e128"
fn version_of(docker: &Path) -> Result<String> {
    let output = Command::new(docker).arg("--version").output().with_context(|| docker.display().to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split([' ', ',']).nth(2).with_context(|| format!("a version in {text:?}"))?;
    Ok(version.into())
}
