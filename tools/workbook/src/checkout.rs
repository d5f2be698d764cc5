//! The checkout that the workbook works on, and the directories in it that are its own.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// A checkout, by its top directory, and where answers are built for it.
#[derive(Debug, Clone)]
pub struct Checkout {
    top: PathBuf,
    builds: &'static str,
}

/// In the target directory: what a learner's checks use, and one more for [`Checkout::beside`].
const BUILDS: [&str; 2] = ["wb", "wb-beside"];

impl Checkout {
    /// The one that the current directory lies in; else the one this program was built from.
    pub fn find() -> Result<Checkout> {
        let here = env::current_dir().unwrap_or_default();
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR"));
        for start in [here.as_path(), built_from] {
            if let Some(top) = start.ancestors().find(|directory| is_top(directory)) {
                return Ok(Checkout { top: top.canonicalize()?, builds: BUILDS[0] });
            }
        }
        bail!(
            "no Coracle checkout here: go into the directory that git cloned and try again (looked from {})",
            here.display()
        )
    }

    #[cfg(test)]
    pub fn open(top: impl Into<PathBuf>) -> Checkout {
        Checkout { top: top.into(), builds: BUILDS[0] }
    }

    pub fn top(&self) -> &Path {
        &self.top
    }

    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.top.join(relative)
    }

    /// What the workbook keeps of a learner's work; git ignores it.
    pub fn kept(&self) -> PathBuf {
        self.top.join(".wb")
    }

    /// A target directory of its own: neither a running `cargo test` nor an editor's build blocks a
    /// check.
    pub fn target(&self) -> PathBuf {
        let target = env::var_os("CARGO_TARGET_DIR").filter(|directory| !directory.is_empty());
        self.top.join(target.unwrap_or_else(|| "target".into())).join(self.builds)
    }

    /// The same checkout with another target directory: cargo builds one thing at a time in each, and
    /// an answer keeps a single processor busy.
    pub fn beside(&self) -> Checkout {
        Checkout { builds: BUILDS[1], ..self.clone() }
    }
}

fn is_top(directory: &Path) -> bool {
    directory.join("Cargo.lock").is_file()
        && directory.join("exercises").is_dir()
        && directory.join("solutions").is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_runs_in_a_checkout() {
        let top = Checkout::find().expect("this crate lies in one");
        assert!(top.path("tools/workbook/Cargo.toml").is_file());
    }
}
