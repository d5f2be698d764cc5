//! What is known of the checks that were built before: where they are, and since when. As long as
//! none of their sources is newer, cargo isn't asked: an editor's build, or a `cargo test`, may
//! keep it waiting for a minute.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use exercise::Exercise;

use crate::checkout::Checkout;
use crate::files::write_whole;
use crate::sources::prerequisites;

/// A program of checks, as it is if it was built before.
pub struct Built {
    /// An empty file, whose time is when cargo began to build it: what was saved later isn't in it.
    note: PathBuf,
    /// Where cargo puts it: beside this program.
    program: PathBuf,
    /// One of its sources. In a checkout that was copied, target directory and all, there is the
    /// program of the other one.
    main: PathBuf,
    top: PathBuf,
}

impl Built {
    pub fn find(checkout: &Checkout, exercise: &Exercise) -> Built {
        let own = env::current_exe().unwrap_or_default();
        Built {
            note: checkout.target().join(exercise.checks()),
            program: own.with_file_name(exercise.checks()),
            main: checkout.path("exercises").join(exercise.chapter).join("src/main.rs"),
            top: checkout.top().to_path_buf(),
        }
    }

    /// It is built now, and cargo has `begun` then.
    pub fn note(&self, begun: SystemTime) -> Result<()> {
        write_whole(&self.note, "")?;
        let time = File::options().write(true).open(&self.note).and_then(|note| note.set_modified(begun));
        time.with_context(|| format!("setting the time of {}", self.note.display()))
    }

    /// The program, if cargo would leave it as it is.
    pub fn up_to_date(&self) -> Option<PathBuf> {
        let since = modified(&self.note)?;
        // The compiler wrote down what it is made of; cargo's own files come on top.
        let sources = prerequisites(&fs::read_to_string(self.program.with_extension("d")).ok()?);
        let sources: Vec<PathBuf> = sources.into_iter().map(|source| self.top.join(source)).collect();
        let mut all: BTreeSet<PathBuf> = sources.iter().flat_map(|source| self.manifests(source)).collect();
        all.insert(self.top.join("Cargo.lock"));
        all.extend(sources);
        let unchanged = |file: &PathBuf| modified(file).is_some_and(|changed| changed < since);
        let is_ours = self.program.is_file() && all.contains(&self.main);
        (is_ours && all.iter().all(unchanged)).then(|| self.program.clone())
    }

    /// Each Cargo.toml above a source file, up to the checkout's.
    fn manifests(&self, source: &Path) -> Vec<PathBuf> {
        let directories = source.ancestors().skip(1).take_while(|directory| directory.starts_with(&self.top));
        directories.map(|directory| directory.join("Cargo.toml")).filter(|manifest| manifest.exists()).collect()
    }
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|file| file.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_newer_source_manifest_or_none_at_all_is_noticed() {
        let top = std::env::temp_dir().join(format!("wb-built-{}", std::process::id()));
        let begun = SystemTime::now() - Duration::from_secs(60);
        let set = |file: &str, time| {
            write_whole(&top.join(file), "").expect("write");
            File::options().write(true).open(top.join(file)).and_then(|file| file.set_modified(time)).expect("set");
        };
        let files = ["Cargo.lock", "Cargo.toml", "tools/a/Cargo.toml", "tools/a/src/lib.rs", "target/checks"];
        files.iter().for_each(|file| set(file, begun - Duration::from_secs(1)));
        let rule = format!("{0}/target/checks: {0}/tools/a/src/lib.rs\n", top.display());
        write_whole(&top.join("target/checks.d"), &rule).expect("write");
        let (note, program) = (top.join("target/note"), top.join("target/checks"));
        let mut built = Built { note, program, main: top.join("tools/a/src/lib.rs"), top: top.clone() };
        assert_eq!(built.up_to_date(), None, "nothing was noted");
        built.note(begun).expect("noted");
        assert_eq!(built.up_to_date(), Some(top.join("target/checks")));
        for file in &files[..4] {
            set(file, begun + Duration::from_secs(1));
            assert_eq!(built.up_to_date(), None, "{file}");
            set(file, begun - Duration::from_secs(1));
        }
        assert!(built.up_to_date().is_some());
        for file in ["target/checks", "tools/a/src/lib.rs"] {
            fs::remove_file(top.join(file)).expect("remove");
            assert_eq!(built.up_to_date(), None, "without {file}");
            set(file, begun - Duration::from_secs(1));
        }
        assert!(built.up_to_date().is_some());
        built.main = "/another/checkout/tools/a/src/lib.rs".into();
        assert_eq!(built.up_to_date(), None, "in a copy");
        fs::remove_dir_all(top).expect("remove");
    }
}
