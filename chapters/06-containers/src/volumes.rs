//! Named volumes: directories that belong to no container, `volumes/NAME/_data` in the data root.

use std::collections::HashSet;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Failure, StoreFlags, new_id, remove_tree};
use ch04_unionfs::store::open_data_root;
use serde::{Deserialize, Serialize};

/// All volumes of one data root.
#[derive(Debug, Clone)]
pub struct Volumes {
    directory: PathBuf,
}

/// One volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: String,
    /// Whatever people note.
    #[serde(default)]
    pub labels: std::collections::BTreeMap<String, String>,
    /// Whether nobody named it.
    #[serde(default)]
    pub anonymous: bool,
}

impl Volumes {
    /// Opens them.
    pub fn open(flags: &StoreFlags) -> Result<Volumes> {
        let directory = open_data_root(flags, &flags.open()?)?.join("volumes");
        let made = DirBuilder::new().recursive(true).mode(0o711).create(&directory);
        made.with_context(|| format!("cannot make {}", directory.display()))?;
        Ok(Volumes { directory })
    }

    /// Where they are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where a volume's files are.
    pub fn data(&self, name: &str) -> PathBuf {
        self.directory.join(name).join("_data")
    }

    /// How many bytes a volume's files have; one with several names counts once.
    pub fn size(&self, name: &str) -> u64 {
        let (mut size, mut seen, mut directories) = (0, HashSet::new(), vec![self.data(name)]);
        while let Some(directory) = directories.pop() {
            // What goes meanwhile, or can't be read, isn't counted.
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                let Ok(metadata) = entry.metadata() else { continue };
                if metadata.is_dir() {
                    directories.push(entry.path());
                } else if seen.insert((metadata.dev(), metadata.ino())) {
                    size += metadata.len();
                }
            }
        }
        size
    }

    /// Makes a volume, or finds it.
    pub fn create(&self, name: Option<&str>, labels: std::collections::BTreeMap<String, String>) -> Result<Volume> {
        let (name, anonymous) = match name {
            Some(name) => (name.to_string(), false),
            None => (new_id()?, true),
        };
        check_name(&name)?;
        if let Some(known) = self.find(&name)? {
            return Ok(known);
        }
        let volume = Volume { name: name.clone(), created: crate::now(), labels, anonymous };
        let directory = self.directory.join(&name);
        let made = DirBuilder::new().recursive(true).mode(0o755).create(self.data(&name));
        made.and_then(|()| fs::set_permissions(&directory, fs::Permissions::from_mode(0o711)))
            .and_then(|()| fs::write(directory.join("volume.json"), serde_json::to_vec_pretty(&volume)?))
            .inspect_err(|_| drop(fs::remove_dir_all(&directory)))
            .with_context(|| format!("cannot make the volume {name}"))?;
        Ok(volume)
    }

    /// A volume by its name.
    pub fn find(&self, name: &str) -> Result<Option<Volume>> {
        check_name(name)?;
        let directory = self.directory.join(name);
        if !directory.is_dir() {
            return Ok(None);
        }
        let text = fs::read(directory.join("volume.json")).unwrap_or_default();
        Ok(Some(serde_json::from_slice(&text).unwrap_or(Volume { name: name.into(), ..Volume::default() })))
    }

    /// All, by name.
    pub fn all(&self) -> Result<Vec<Volume>> {
        let entries =
            fs::read_dir(&self.directory).with_context(|| format!("cannot read {}", self.directory.display()))?;
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names.iter().filter_map(|name| self.find(name).transpose()).collect()
    }

    /// Removes a volume with its files. The caller has seen that nobody uses it.
    pub fn remove(&self, name: &str) -> Result<()> {
        if self.find(name)?.is_none() {
            bail!(Failure::new(1, format!("get {name}: no such volume")));
        }
        remove_tree(&self.directory.join(name))
    }
}

/// Docker's rule for names.
fn check_name(name: &str) -> Result<()> {
    let starts_well = name.chars().next().is_some_and(|first| first.is_ascii_alphanumeric());
    if !starts_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        bail!(
            "invalid volume name {name:?}: use a letter or digit, then letters, digits, '_', '.' or '-'; a directory of the \
             machine's begins with / or ."
        );
    }
    Ok(())
}
