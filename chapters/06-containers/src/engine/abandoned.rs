//! Containers that were made for a process, and are left when it is killed.

use anyhow::Result;
use ch01_namespaces::{Life, report};

use super::Local;

impl Local {
    /// Removes them. Who makes such containers calls this before and after; what can't be removed is
    /// reported, and is no reason not to go on.
    pub fn remove_abandoned(&self) -> Result<()> {
        for record in self.records().all()? {
            let is_abandoned = record.host.made_for.as_ref().is_some_and(|maker| maker.life() == Life::Gone);
            if is_abandoned && let Err(error) = self.remove(&record.id, true, true) {
                report(&error.context(format!("the container {} of a killed build is left", &record.id[..12])));
            }
        }
        Ok(())
    }
}
