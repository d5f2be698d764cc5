//! A root file system from nothing: the programs that this machine has, with what they need to run.

mod cache;
mod etc;
mod loader;
mod plan;
mod tree;

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

pub use cache::cached;
pub use plan::{DEFAULT, find_program};
pub use tree::Made;
use tree::Tree;

/// Makes a root file system in `directory`, which must be empty or not there: `programs` (names or
/// paths), their interpreters and shared libraries, /etc, and the empty directories that mounts
/// need.
///
/// Nothing half-made is left: it grows beside its place, and is renamed at the end.
pub fn create(directory: &Path, programs: &[String]) -> Result<Made> {
    create_by(directory, |tree| {
        for name in programs {
            match find_program(name) {
                Some(program) => tree
                    .add_program(&program)
                    .with_context(|| format!("cannot add the program {}", program.display()))?,
                None => tree.made.missing.push(name.clone()),
            }
        }
        Ok(())
    })
}

/// Makes a root file system that is a busybox under all its names.
pub fn create_busybox(directory: &Path) -> Result<Made> {
    let busybox = find_program("busybox").context(
        "there is no busybox on this machine\ncure: sudo apt install busybox-static, or leave --busybox out",
    )?;
    let output = Command::new(&busybox).arg("--list").output().context("cannot ask busybox for its names")?;
    create_by(directory, |tree| {
        tree.add_program(&busybox)?;
        let names = String::from_utf8_lossy(&output.stdout).into_owned();
        names.lines().filter(|name| *name != "busybox").try_for_each(|name| tree.add_name(&busybox, name))
    })
}

fn create_by(directory: &Path, fill: impl FnOnce(&mut Tree) -> Result<()>) -> Result<Made> {
    if fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is not empty: a root file system is made in a directory of its own", directory.display());
    }
    let name =
        directory.file_name().with_context(|| format!("{} has no name to be made under", directory.display()))?;
    let growing = directory.with_file_name(format!(".{}.{}", name.display(), std::process::id()));
    // Nobody else looks in before it is done.
    DirBuilder::new()
        .mode(0o700)
        .create(&growing)
        .with_context(|| format!("cannot make {}: is its parent there, and yours?", directory.display()))?;
    let made = grow(&growing, fill).and_then(|made| {
        fs::rename(&growing, directory).with_context(|| format!("cannot make {}", directory.display()))?;
        Ok(made)
    });
    if made.is_err() {
        // What is left is ours alone, and nothing is mounted in it.
        let _ = fs::remove_dir_all(&growing);
    }
    made
}

fn grow(root: &Path, fill: impl FnOnce(&mut Tree) -> Result<()>) -> Result<Made> {
    let mut tree = Tree::begin(root)?;
    etc::write(root)?;
    fill(&mut tree)?;
    tree.finish()
}
