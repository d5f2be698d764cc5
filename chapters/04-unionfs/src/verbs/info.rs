//! `info`: what this installation works with.

use anyhow::Result;
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{StoreFlags, say};
use clap::Args;

use super::Format;
use crate::driver::candidates;
use crate::flags::DriverFlag;

/// Show the storage driver, why other drivers don't work, and the directories in use.
#[derive(Args)]
#[command(after_help = "Example:\n  info | grep Storage")]
pub struct Info {
    #[command(flatten)]
    driver: DriverFlag,
    /// `json`: one object: containers, layers, storage_driver, drivers (name, refusal), data_root,
    /// state_root.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Info {
    /// Prints it.
    pub fn act(self, flags: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let store = self.driver.open(flags)?;
        let containers = store.containers().states()?.len();
        let layers = store.layers()?.len();
        let candidates = candidates(store.data_root());
        let (data_root, state_root) = (store.data_root().display(), store.containers().root().display());
        let driver = store.driver().name();
        if self.format == Format::Json {
            let drivers: Vec<_> = candidates
                .iter()
                .map(|candidate| serde_json::json!({"name": candidate.name, "refusal": candidate.refusal}))
                .collect();
            let info = serde_json::json!({
                "containers": containers, "layers": layers, "storage_driver": driver, "drivers": drivers,
                "data_root": data_root.to_string(), "state_root": state_root.to_string(),
            });
            say!("{}", serde_json::to_string_pretty(&info)?);
            return Ok(0);
        }
        say!("Containers: {containers}");
        say!("Layers: {layers}");
        say!("Storage Driver: {driver}");
        for candidate in candidates.iter().filter(|candidate| candidate.name != driver) {
            match &candidate.refusal {
                None => say!(" {} would work here as well (--storage-driver {0})", candidate.name),
                Some(refusal) => say!(" {} does not work here: {}", candidate.name, refusal.replace('\n', "\n  ")),
            }
        }
        say!("Docker Root Dir: {data_root}");
        say!("State Root Dir: {state_root}");
        Ok(0)
    }
}
