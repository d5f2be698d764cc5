//! Volumes and the containers that use them.

use anyhow::{Result, bail};
use ch01_namespaces::Failure;
use serde_json::json;

use super::Local;
use crate::volumes::Volume;

impl Local {
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
        self.prune_chosen_volumes(all, |_| true)
    }

    /// The same of those that are chosen.
    pub fn prune_chosen_volumes(&self, all: bool, is_chosen: impl Fn(&Volume) -> bool) -> Result<Vec<String>> {
        let mut gone = Vec::new();
        for volume in self.volumes().all()?.into_iter().filter(is_chosen) {
            if (all || volume.anonymous) && self.users_of_volume(&volume.name)?.is_empty() {
                self.volumes().remove(&volume.name)?;
                gone.push(volume.name);
            }
        }
        Ok(gone)
    }
}
