//! The program around an answer to exercise 2.4. `cargo wb check 2.4` builds it and runs it in the
//! lab.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::checked;
use nix::mount::{MsFlags, mount};
use nix::unistd::{ForkResult, chdir};

include!(concat!(env!("OUT_DIR"), "/pivot.rs"));

/// Arguments: a directory to be made, and whether the new root in it is a `directory`, a `mount`,
/// or `missing`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut root = PathBuf::new();
    checked::ready(|| {
        let [place, kind] = &arguments[..] else { anyhow::bail!("two arguments") };
        root = prepare(Path::new(place), kind)?;
        Ok(())
    });
    checked::returned(answers::pivot::pivot_into(&root))
}

fn prepare(place: &Path, kind: &str) -> Result<PathBuf> {
    checked::private_table()?;
    let (root, elsewhere) = (place.join("box"), place.join("elsewhere"));
    let below = root.join("below");
    fs::create_dir_all(&root).and_then(|()| fs::create_dir(&elsewhere)).context("making directories")?;
    if kind == "mount" {
        tmpfs(&root)?;
    }
    fs::create_dir(&below).context("making a directory")?;
    tmpfs(&below)?;
    // What is read there afterwards tells which directory is the root.
    let name = place.as_os_str().as_encoded_bytes();
    for directory in [&root, &below] {
        fs::write(directory.join("sentinel"), name).context("writing the sentinel")?;
    }
    // It has the same mount table, and its root is what the table's root is.
    if let ForkResult::Child = given::fork()? {
        checked::stay_as("witness");
    }
    // Not at the root, from where the kernel would take us along.
    chdir(&elsewhere).context("chdir")?;
    Ok(if kind == "missing" { place.join("none") } else { root })
}

fn tmpfs(at: &Path) -> Result<()> {
    mount(Some("given"), at, Some("tmpfs"), MsFlags::empty(), None::<&str>)
        .with_context(|| format!("mounting a tmpfs on {}", at.display()))
}
