//! The checkout that the workbook works on, and the directories in it that are its own.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The top of a checkout.
#[derive(Debug, Clone)]
pub struct Checkout(PathBuf);

impl Checkout {
    /// The one that the current directory lies in; else the one this program was built from.
    pub fn find() -> Result<Checkout> {
        let here = env::current_dir().unwrap_or_default();
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR"));
        for start in [here.as_path(), built_from] {
            if let Some(top) = start.ancestors().find(|directory| is_top(directory)) {
                return Ok(Checkout(top.canonicalize()?));
            }
        }
        bail!(
            "no Coracle checkout here: go into the directory that git cloned and try again (looked from {})",
            here.display()
        )
    }

    #[cfg(test)]
    pub fn at(top: impl Into<PathBuf>) -> Checkout {
        Checkout(top.into())
    }

    pub fn top(&self) -> &Path {
        &self.0
    }

    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.0.join(relative)
    }

    /// What the workbook keeps of a learner's work; git ignores it.
    pub fn kept(&self) -> PathBuf {
        self.0.join(".wb")
    }

    /// A target directory of its own: neither a running `cargo test` nor an editor's build blocks a
    /// check.
    pub fn target(&self) -> PathBuf {
        let target = env::var_os("CARGO_TARGET_DIR").filter(|directory| !directory.is_empty());
        self.0.join(target.unwrap_or_else(|| "target".into())).join("wb")
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
