//! What is kept of a container in the background, until `mydocker rm`: given.
//!
//! ```text
//! records/NAME/words    the command line of its `run`, as JSON
//! records/NAME/log      its output; log.1 is the file before, and so on
//! records/NAME/status   its exit code, since it has ended
//! ```

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::answers::ids;
use crate::arguments::{Asked, Container, parse};
use crate::list;
use crate::store::{file_name, store};

#[derive(Debug)]
pub struct Record(PathBuf);

impl Record {
    /// A new one: a name has one container.
    pub fn create(name: &str, words: &[OsString]) -> Result<Record> {
        let record = Record(store()?.top().join("records").join(file_name(name)?));
        match fs::create_dir(&record.0) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!("the name {name} is in use\ncause: a container has it (mydocker ps -a)\ncure: mydocker rm {name}")
            }
            made => made.with_context(|| format!("making {}", record.0.display()))?,
        }
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        fs::write(record.0.join("words"), serde_json::to_vec(&words)?).context("writing down the command line")?;
        File::create(record.log()).context("making the log")?;
        Ok(record)
    }

    pub fn find(name: &str) -> Result<Record> {
        let record = Record(store()?.top().join("records").join(file_name(name)?));
        ensure!(record.0.is_dir(), "there is no container {name} in the background: mydocker ps -a lists them");
        Ok(record)
    }

    pub fn all() -> Result<Vec<(String, Record)>> {
        let records = store()?.top().join("records");
        let mut all = Vec::new();
        for entry in fs::read_dir(&records).with_context(|| format!("reading {}", records.display()))? {
            let entry = entry.context("reading the records")?;
            all.push((entry.file_name().to_string_lossy().into_owned(), Record(entry.path())));
        }
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(all)
    }

    pub fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    pub fn status(&self) -> PathBuf {
        self.0.join("status")
    }

    /// How it ended, if it has.
    pub fn exit_code(&self) -> Option<i32> {
        fs::read_to_string(self.status()).ok()?.trim().parse().ok()
    }

    /// What was asked for.
    pub fn made_as(&self) -> Option<Container> {
        let words: Vec<String> = serde_json::from_slice(&fs::read(self.0.join("words")).ok()?).ok()?;
        match parse(["run".to_string()].into_iter().chain(words).map(OsString::from)) {
            Ok(Asked::Run(container)) => Some(container),
            _ => None,
        }
    }
}

/// Removes what is kept of a container: its record, and its files if it had an image.
pub fn remove(name: &str) -> Result<()> {
    ensure!(!list::runs(name), "the container {name} runs\ncure: mydocker stop {name}");
    let (files, record) = (store()?.top().join("containers").join(file_name(name)?), Record::find(name));
    ensure!(
        record.is_ok() || files.is_dir(),
        "there is no container {name}: mydocker ps -a lists those in the background"
    );
    // Its files may be closed to all but the container's root, which an ordinary user is in a user
    // namespace.
    if !given::is_privileged() {
        ids::become_root()?;
    }
    let remove = |path: &Path| fs::remove_dir_all(path).with_context(|| format!("removing {}", path.display()));
    if files.is_dir() {
        remove(&files)?;
    }
    record.map_or(Ok(()), |record| remove(&record.0))
}
