//! Records on disk: a directory for each, `containers/ID` in the data root, with `config.json` and
//! the log.

use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ch01_namespaces::explain::note;
use ch01_namespaces::{Failure, StoreFlags, is_id, open_lock, remove_tree};
use ch04_unionfs::store::open_data_root;

use super::Record;
use super::file::{FILE, write_to};
use super::taken::Taken;
use crate::steps;

/// All records of one data root.
#[derive(Debug, Clone)]
pub struct Records {
    directory: PathBuf,
    taken: Taken,
}

/// How the directory of a record begins that is being made.
const NEW: &str = "new-";

/// And of one that is being removed.
const GONE: &str = "gone-";

/// What the name of a directory says whose record is being removed: the container's id, and the
/// exit status of its last life, if it had one. A watcher of the directory may find no more of it.
pub fn removed_container(name: &str) -> Option<(&str, Option<u8>)> {
    let rest = name.strip_prefix(GONE)?;
    let (id, code) = rest.split_once('-').unwrap_or((rest, ""));
    is_id(id).then(|| (id, code.parse().ok()))
}

impl Records {
    /// Opens them; begins the directory if there is none.
    pub fn open(flags: &StoreFlags) -> Result<Records> {
        let directory = open_data_root(flags, &flags.open()?)?.join("containers");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
        made.with_context(|| format!("cannot make {}", directory.display()))?;
        let taken = Taken(directory.join("names"));
        let records = Records { directory, taken };
        match DirBuilder::new().mode(0o700).create(&records.taken.0) {
            // Records may be older than their names' links.
            Ok(()) => records.all()?.iter().try_for_each(|record| records.taken.take(&record.name, &record.id))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot make {}", records.taken.0.display())),
        }
        Ok(records)
    }

    /// A record's directory.
    pub fn directory(&self, id: &str) -> PathBuf {
        self.directory.join(id)
    }

    /// A container's log: Docker's name for it.
    pub fn log_file(&self, id: &str) -> PathBuf {
        self.directory(id).join(format!("{id}-json.log"))
    }

    /// While it is held, no name is given away, and no record changes but by its holder.
    pub fn lock(&self) -> Result<File> {
        let path = self.directory.join("lock");
        let file = open_lock(&path).with_context(|| format!("cannot open {}", path.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }

    /// While it is held, nobody else starts or removes this container. `None` when it is gone.
    pub fn lock_one(&self, id: &str) -> Result<Option<File>> {
        let path = self.directory(id).join("lock");
        match open_lock(&path) {
            Ok(file) => file.lock().map(|()| Some(file)).with_context(|| format!("cannot lock {}", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot open {}", path.display())),
        }
    }

    /// Begins a record; its name must be free. The caller holds the lock.
    pub fn create(&self, record: &Record) -> Result<()> {
        check_name(&record.name)?;
        if let Some(other) = self.with_name(&record.name) {
            bail!(Failure::new(
                125,
                format!(
                    "Conflict. The container name \"/{}\" is already in use by container \"{}\". You have to remove (or \
                     rename) that container to be able to reuse that name.",
                    record.name, other.id
                )
            ));
        }
        // Its directory appears with the record in it, or not at all.
        self.sweep(&[NEW, GONE]);
        let new = self.directory.join(format!("{NEW}{}", record.id));
        let made = DirBuilder::new().mode(0o700).create(&new);
        made.with_context(|| format!("cannot make {}", new.display()))?;
        let written = write_to(&new, record).and_then(|()| {
            self.taken.take(&record.name, &record.id)?;
            let directory = self.directory(&record.id);
            fs::rename(&new, &directory).with_context(|| format!("cannot make {}", directory.display()))
        });
        let told = || note(&steps::MAKE_RECORD, "rename", || renamed(&new, &self.directory(&record.id)));
        written.inspect(|()| told()).inspect_err(|_| {
            self.taken.give_back(&record.name, &record.id);
            let _ = fs::remove_dir_all(&new);
        })
    }

    /// The record with this name, as it is written.
    pub fn with_name(&self, name: &str) -> Option<Record> {
        let record = self.read(&self.taken.id(name)?).ok()??;
        (record.name == name).then_some(record)
    }

    /// Directories of records that somebody began to make or to remove, and was killed.
    fn sweep(&self, kinds: &[&str]) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| kinds.iter().any(|kind| name.starts_with(kind))) {
                let _ = remove_tree(&entry.path());
            }
        }
    }

    /// Writes a record, whole or not at all.
    pub fn write(&self, record: &Record) -> Result<()> {
        write_to(&self.directory(&record.id), record)
    }

    /// Gives a record another name.
    pub fn rename(&self, id: &str, new: &str) -> Result<()> {
        check_name(new)?;
        let _alone = self.lock()?;
        if let Some(other) = self.with_name(new) {
            let message = format!("Conflict. The container name \"/{new}\" is already in use by container");
            bail!(Failure::new(1, format!("{message} \"{}\".", other.id)));
        }
        let mut record = self.read(id)?.with_context(|| format!("container {} is gone", short(id)))?;
        let old = std::mem::replace(&mut record.name, new.into());
        self.taken.take(new, id)?;
        self.write(&record).inspect_err(|_| self.taken.give_back(new, id))?;
        self.taken.give_back(&old, id);
        Ok(())
    }

    /// Changes a record under the lock, as it is by then.
    pub fn update(&self, id: &str, change: impl FnOnce(&mut Record)) -> Result<Record> {
        let _alone = self.lock()?;
        let mut record = self.read(id)?.with_context(|| format!("container {} is gone", short(id)))?;
        change(&mut record);
        self.write(&record)?;
        let file = self.directory(id).join(FILE);
        note(&steps::CHANGE_RECORD, "rename", || renamed(&file.with_extension("json.new"), &file));
        Ok(record)
    }

    /// A record by its id, as it is written.
    pub fn read(&self, id: &str) -> Result<Option<Record>> {
        let file = self.directory(id).join(FILE);
        match fs::read(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            text => {
                let text = text.with_context(|| format!("cannot read {}", file.display()))?;
                let record: Record = serde_json::from_slice(&text)
                    .with_context(|| format!("the record {} is damaged\ncure: rm -f {}", file.display(), short(id)))?;
                // It becomes paths.
                if record.id != id {
                    bail!(
                        "the record {} is damaged: it is another container's\ncure: rm -f {}",
                        file.display(),
                        short(id)
                    );
                }
                Ok(Some(record))
            }
        }
    }

    /// All records that can be read, oldest first, with their state as it is.
    pub fn all(&self) -> Result<Vec<Record>> {
        let mut records: Vec<Record> =
            self.ids()?.iter().filter_map(|id| self.read_corrected(id).ok().flatten()).collect();
        records.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
        Ok(records)
    }

    /// All ids, those of damaged records among them.
    pub fn ids(&self) -> Result<Vec<String>> {
        let entries =
            fs::read_dir(&self.directory).with_context(|| format!("cannot read {}", self.directory.display()))?;
        Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|name| is_id(name)).collect())
    }

    /// The id that a name, an id or the unambiguous beginning of one means.
    pub fn find_id(&self, name: &str) -> Result<String> {
        let bare = name.strip_prefix('/').unwrap_or(name);
        if is_id(bare) && self.directory(bare).is_dir() {
            return Ok(bare.into());
        }
        if let Some(record) = self.with_name(bare) {
            return Ok(record.id);
        }
        let mut matches = self.ids()?.into_iter().filter(|id| !bare.is_empty() && id.starts_with(bare));
        match (matches.next(), matches.next()) {
            (Some(id), None) => Ok(id),
            (Some(_), Some(_)) => {
                bail!(Failure::new(1, format!("several containers' ids begin with {bare:?}: give more digits")))
            }
            (None, _) => bail!(Failure::new(1, format!("No such container: {name}"))),
        }
    }

    /// The record that a name or an id means.
    pub fn find(&self, name: &str) -> Result<Record> {
        let id = self.find_id(name)?;
        self.read_corrected(&id)?.ok_or_else(|| Failure::new(1, format!("No such container: {name}")).into())
    }

    /// A record with its state as it is.
    fn read_corrected(&self, id: &str) -> Result<Option<Record>> {
        self.read(id)?.map_or(Ok(None), |record| settled(record, || self.read(id)))
    }

    /// Removes a record with its log. At once it is nobody's record any more: what is left of the
    /// directory, if we are killed, the next command removes.
    pub fn remove(&self, id: &str) -> Result<()> {
        let record = self.read(id).ok().flatten();
        let lived = record.as_ref().map(|record| &record.state).filter(|state| !state.started_at.is_empty());
        let code = lived.map(|state| state.exit_code.to_string()).unwrap_or_default();
        let (directory, gone) = (self.directory(id), self.directory.join(format!("{GONE}{id}-{code}")));
        let name = record.map(|record| record.name);
        match fs::rename(&directory, &gone) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            renamed => renamed.with_context(|| format!("cannot remove {}", directory.display()))?,
        }
        match name {
            Some(name) => self.taken.give_back(&name, id),
            None => self.taken.give_back_whatever(id),
        }
        self.sweep(&[GONE]);
        remove_tree(&gone)
    }
}

/// A record with its state [as it is](super::RecordState::corrected). The shim may have written
/// down the end and left, after we read the record and before we looked for the shim: then the file
/// differs when it is read `again`, and is right.
fn settled(mut record: Record, mut again: impl FnMut() -> Result<Option<Record>>) -> Result<Option<Record>> {
    while let Some(state) = record.state.corrected() {
        match again()? {
            Some(now) if now.state != record.state => record = now,
            Some(_) => return Ok(Some(Record { state, ..record })),
            None => return Ok(None),
        }
    }
    Ok(Some(record))
}

/// The arguments of rename(2), to be narrated.
fn renamed(old: &Path, new: &Path) -> Vec<String> {
    vec![old.display().to_string(), new.display().to_string()]
}

fn short(id: &str) -> &str {
    &id[..id.len().min(12)]
}

/// Where this directory is, for who cleans up.
impl AsRef<Path> for Records {
    fn as_ref(&self) -> &Path {
        &self.directory
    }
}

/// Docker's rule for names.
pub fn check_name(name: &str) -> Result<()> {
    let starts_well = name.chars().next().is_some_and(|first| first.is_ascii_alphanumeric());
    if !starts_well || name.len() < 2 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        bail!(
            "Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed: a letter or digit, then at least \
             one more letter, digit, '_', '.' or '-'"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{RecordState, Status};

    fn record(status: Status, exit_code: u8) -> Record {
        Record { state: RecordState { status, exit_code, ..RecordState::default() }, ..Record::default() }
    }

    #[test]
    fn an_end_that_is_written_while_we_look_for_the_shim_is_the_true_one() {
        let (running, exited) = (record(Status::Running, 0), record(Status::Exited, 3));
        let found = settled(running.clone(), || Ok(Some(exited.clone()))).unwrap().unwrap();
        assert_eq!((found.state.status, found.state.exit_code), (Status::Exited, 3));
        let killed = settled(running.clone(), || Ok(Some(running.clone()))).unwrap().unwrap();
        assert_eq!((killed.state.status, killed.state.exit_code), (Status::Exited, 137));
        assert!(settled(running, || Ok(None)).unwrap().is_none());
    }
}
