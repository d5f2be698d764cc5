//! Making a container: a record and a layer, no process yet.

use anyhow::{Context, Result, bail};
use ch01_namespaces::explain::note;
use ch01_namespaces::new_id;
use ch04_unionfs::LayerStore;
use ch04_unionfs::digest::ChainId;

use super::Local;
use crate::record::{Config, HostConfig, Record, RecordState, random_name};
use crate::shim::flags_of;
use crate::steps;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewContainer {
    /// A name; a random one if not given.
    pub name: Option<String>,
    /// The image, as it was asked for.
    pub image: String,
    /// Its topmost layer, where the caller knows it already (chapter 8).
    pub layer: Option<ChainId>,
    /// The image's own id, where it has one.
    pub image_id: Option<String>,
    /// What runs in it.
    pub config: Config,
    /// What surrounds it: see [`Record::flags`].
    pub flags: Vec<String>,
    /// How it is kept.
    pub host: HostConfig,
    /// Whether every port that the image names is published, on ports that are free.
    pub publish_all: bool,
}

/// A container that was made.
#[derive(Debug, Clone)]
pub struct Created {
    /// Its id.
    pub id: String,
    /// What the caller should know.
    pub warnings: Vec<String>,
}

fn record_of(id: &str, new: NewContainer) -> Record {
    Record {
        id: id.into(),
        name: String::new(),
        created: crate::now(),
        image: new.image,
        layer: None,
        image_id: new.image_id,
        config: new.config,
        flags: new.flags,
        host: new.host,
        state: RecordState::default(),
    }
}

impl Local {
    // ANCHOR: create
    /// Makes it: everything that can be wrong with the request is found now, and nothing is left when
    /// it is.
    pub fn create(&self, new: NewContainer) -> Result<Created> {
        let id = new_id()?;
        let (name, layer) = (new.name.clone(), new.layer);
        let mut record = record_of(&id, new);
        match self.make(&mut record, name, layer) {
            Ok(()) => Ok(Created { id, warnings: Vec::new() }),
            Err(error) => {
                // Its caller never heard of them.
                record.host.anonymous_volumes.iter().for_each(|name| drop(self.volumes.remove(name)));
                Err(error)
            }
        }
    }

    fn make(&self, record: &mut Record, name: Option<String>, layer: Option<ChainId>) -> Result<()> {
        self.resolve_containers(record);
        self.choose_hostname(record)?;
        self.resolve_volumes(record)?;
        let wishes = flags_of(record)?;
        wishes.powers.check()?;
        if record.config.command().is_empty() {
            bail!("no command specified\ncure: give one after the image");
        }
        let has_root = wishes.earlier.earlier.earlier.earlier.root.rootfs.is_some();
        let layers = if has_root { None } else { Some(LayerStore::open(&self.flags, wishes.driver())?) };
        if let Some(layers) = &layers {
            record.layer = Some(layer.map_or_else(|| layers.resolve(&record.image), Ok)?);
        }
        self.give_name(record, name)?;
        if let (Some(layers), Some(image)) = (layers, record.layer) {
            let id = &record.id;
            let made = layers
                .plan_container(id, image)
                .and_then(|layer| layers.make_container(&layer).map(drop))
                .inspect(|()| {
                    note(&steps::MAKE_LAYER, "mkdir", || vec![layers.container_directory(id).display().to_string()]);
                })
                .context("cannot make the container's layer")
                .and_then(|()| self.fill_volumes(&layers, record));
            if let Err(error) = made {
                let _ = layers.remove_container(id);
                let _ = self.records.remove(id);
                return Err(error);
            }
        }
        Ok(())
    }
    // ANCHOR_END: create

    /// The one that was asked for, or a free one; then the record is there.
    fn give_name(&self, record: &mut Record, name: Option<String>) -> Result<()> {
        let _alone = self.records.lock()?;
        record.name = match name {
            Some(name) => name,
            None => random_name(|name| self.records.with_name(name).is_some())?,
        };
        self.records.create(record)
    }

    /// Replaces other containers' names (`--network container:NAME`) by their ids: tomorrow such a name
    /// may be another's. A name that no record has may be that of another chapter's container.
    fn resolve_containers(&self, record: &mut Record) {
        for flag in &mut record.flags {
            let modes = ["--network=container:", "--pid=container:", "--ipc=container:", "--uts=container:"];
            let name = modes.iter().find_map(|mode| flag.strip_prefix(mode)).or_else(|| {
                let (_, whose) = flag.strip_prefix("--join=")?.split_once('=')?;
                (!whose.contains('/') && whose.parse::<i32>().is_err()).then_some(whose)
            });
            if let Some(name) = name
                && let Ok(id) = self.records.find_id(name)
            {
                *flag = format!("{}{id}", &flag[..flag.len() - name.len()]);
            }
        }
    }

    /// The host name that nobody has chosen is that of the network, which others know it by.
    fn choose_hostname(&self, record: &mut Record) -> Result<()> {
        if !record.config.hostname.is_empty() {
            return Ok(());
        }
        let mode = record.flags.iter().rev().find_map(|flag| flag.strip_prefix("--network=")).unwrap_or_default();
        let other = mode.strip_prefix("container:").and_then(|other| self.records.find(other).ok());
        record.config.hostname = match other {
            Some(other) => other.config.hostname,
            None if mode == "host" => nix::unistd::gethostname()?.to_string_lossy().into_owned(),
            None => record.id[..12].into(),
        };
        Ok(())
    }

    // ANCHOR: volumes
    /// Replaces named volumes (`-v NAME:TARGET`) by their directories, and creates missing volumes.
    fn resolve_volumes(&self, record: &mut Record) -> Result<()> {
        for flag in &mut record.flags {
            let Some(volume) = flag.strip_prefix("--volume=") else { continue };
            let (source, rest) = match volume.split_once(':') {
                Some((source, rest)) => (source.to_string(), rest.to_string()),
                // Only a target: an anonymous volume.
                None => (String::new(), volume.to_string()),
            };
            if source.starts_with(['/', '.', '~']) {
                continue;
            }
            let made = self.volumes.create((!source.is_empty()).then_some(source.as_str()), Default::default())?;
            if source.is_empty() {
                record.host.anonymous_volumes.push(made.name.clone());
            }
            record.host.volumes.push(made.name.clone());
            *flag = format!("--volume={}:{rest}", self.volumes.data(&made.name).display());
        }
        // ANCHOR_END: volumes
        for target in &record.config.volumes {
            let is_covered = record.flags.iter().any(|flag| {
                flag.strip_prefix("--volume=").is_some_and(|volume| volume.split(':').nth(1) == Some(target))
            });
            if !is_covered {
                let made = self.volumes.create(None, Default::default())?;
                record.host.anonymous_volumes.push(made.name.clone());
                record.host.volumes.push(made.name.clone());
                record.flags.push(format!("--volume={}:{target}", self.volumes.data(&made.name).display()));
            }
        }
        Ok(())
    }

    /// A volume that is empty gets what the image has in its place, when it is first used.
    fn fill_volumes(&self, layers: &LayerStore, record: &Record) -> Result<()> {
        for name in &record.host.volumes {
            let data = self.volumes.data(name);
            let mount = record.flags.iter().find_map(|flag| {
                flag.strip_prefix("--volume=")?.strip_prefix(&*data.to_string_lossy())?.strip_prefix(':')
            });
            let target = mount.and_then(|mount| mount.split(':').next());
            let is_empty = std::fs::read_dir(&data).is_ok_and(|mut entries| entries.next().is_none());
            if let (Some(target), true, Some(image)) = (target, is_empty, record.layer) {
                layers
                    .copy_out(&image, std::path::Path::new(target), &data)
                    .with_context(|| format!("cannot fill the volume {name} from the image"))?;
            }
        }
        Ok(())
    }
}
