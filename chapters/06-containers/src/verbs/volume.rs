//! `volume`: named volumes.

use anyhow::{Result, bail};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{Failure, StoreFlags, say};
use ch04_unionfs::verbs::Format;
use clap::Subcommand;
use serde_json::json;

use super::each;
use crate::engine::Engine;

/// Make, list, inspect and remove volumes.
#[derive(Subcommand)]
pub enum VolumeVerb {
    /// Make a volume. Prints its name.
    Create {
        /// Its name [default: a random one]
        name: Option<String>,
    },
    /// List volumes.
    Ls {
        /// `json`: one object a line.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Names only.
        #[arg(short, long)]
        quiet: bool,
    },
    /// Show volumes, as JSON.
    Inspect {
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Remove volumes that no container uses.
    Rm {
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Remove all volumes that nobody named and no container uses.
    Prune {
        /// Those that somebody named, too.
        #[arg(short, long)]
        all: bool,
        /// Don't ask.
        #[arg(short, long)]
        force: bool,
    },
}

impl VolumeVerb {
    /// Does it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let engine = Engine::open(store)?;
        match self {
            VolumeVerb::Create { name } => {
                say!("{}", engine.volumes().create(name.as_deref(), Default::default())?.name);
                Ok(0)
            }
            VolumeVerb::Ls { format, quiet } => {
                end_quietly_in_a_pipe()?;
                if format == Format::Table && !quiet {
                    say!("DRIVER    VOLUME NAME");
                }
                for volume in engine.volumes().all()? {
                    match (format, quiet) {
                        (Format::Json, _) => say!("{}", json!({"Name": volume.name, "Driver": "local"})),
                        (_, true) => say!("{}", volume.name),
                        _ => say!("local     {}", volume.name),
                    }
                }
                Ok(0)
            }
            VolumeVerb::Inspect { names } => {
                let mut found = Vec::new();
                let status = each(&names, |name| {
                    found.push(engine.inspect_volume(name)?);
                    Ok(())
                })?;
                say!("{}", serde_json::to_string_pretty(&found)?);
                Ok(status)
            }
            VolumeVerb::Rm { names } => each(&names, |name| {
                engine.remove_volume(name)?;
                say!("{name}");
                Ok(())
            }),
            VolumeVerb::Prune { all, force } => {
                if !force {
                    bail!("this removes volumes with their files\ncure: if that is what you want, add --force");
                }
                for name in engine.prune_volumes(all)? {
                    say!("{name}");
                }
                Ok(0)
            }
        }
    }
}

impl Engine {
    /// A volume as Docker shows it.
    pub fn inspect_volume(&self, name: &str) -> Result<serde_json::Value> {
        let Some(volume) = self.volumes().find(name)? else {
            bail!(Failure::new(1, format!("get {name}: no such volume")));
        };
        Ok(json!({
            "Name": volume.name, "Driver": "local", "Mountpoint": self.volumes().data(&volume.name),
            "CreatedAt": volume.created, "Labels": volume.labels, "Scope": "local", "Options": null,
        }))
    }

    /// The containers that use a volume.
    pub fn users_of_volume(&self, name: &str) -> Result<Vec<String>> {
        let all = self.records().all()?;
        Ok(all
            .into_iter()
            .filter(|record| record.host.volumes.iter().any(|used| used == name))
            .map(|record| record.id)
            .collect())
    }

    /// Removes a volume that no container uses.
    pub fn remove_volume(&self, name: &str) -> Result<()> {
        let users = self.users_of_volume(name)?;
        if !users.is_empty() {
            bail!(Failure::new(1, format!("remove {name}: volume is in use - [{}]", users.join(", "))));
        }
        self.volumes().remove(name)
    }

    /// Removes what no container uses; with `all` also what somebody has named.
    pub fn prune_volumes(&self, all: bool) -> Result<Vec<String>> {
        let mut gone = Vec::new();
        for volume in self.volumes().all()? {
            if (all || volume.anonymous) && self.users_of_volume(&volume.name)?.is_empty() {
                self.volumes().remove(&volume.name)?;
                gone.push(volume.name);
            }
        }
        Ok(gone)
    }
}
