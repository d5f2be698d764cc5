//! `diff` and `commit`: what a container changed.

use anyhow::Result;
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{StoreFlags, say};
use clap::Args;

use super::Format;
use crate::changes::Change;
use crate::flags::DriverFlag;

/// List the files that a container changed: A added, C changed, D deleted.
///
/// If an entry of a directory changed, the directory is also listed, as docker diff does.
#[derive(Args)]
pub struct Diff {
    #[command(flatten)]
    driver: DriverFlag,
    /// `json`: one array of objects: path, kind (A, C or D).
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The container: its name, its id, or the beginning of its id.
    container: String,
}

impl Diff {
    /// Prints it.
    pub fn act(self, flags: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let store = self.driver.open(flags)?;
        let (_, state) = store.containers().find(&self.container)?;
        let record = store.container(&state.id)?;
        let below = store.cache_ids(&record.image)?;
        let changes = store.driver().changes(&record.mount_id, &below)?;
        if self.format == Format::Json {
            let object =
                |change: &Change| serde_json::json!({"path": change.path.to_string_lossy(), "kind": change.kind});
            say!("{}", serde_json::to_string_pretty(&changes.iter().map(object).collect::<Vec<_>>())?);
            return Ok(0);
        }
        for change in changes {
            // A name may hold anything, also what would rewrite the terminal.
            say!("{} {}", change.kind, change.path.to_string_lossy().escape_debug());
        }
        Ok(0)
    }
}

/// Make a layer from a container's changes. Prints its chain id.
#[derive(Args)]
pub struct Commit {
    #[command(flatten)]
    driver: DriverFlag,
    /// The container: its name, its id, or the beginning of its id.
    container: String,
    /// The name of the new layer.
    name: String,
}

impl Commit {
    /// Makes it.
    pub fn act(self, flags: &StoreFlags) -> Result<u8> {
        let store = self.driver.open(flags)?;
        let (_, state) = store.containers().find(&self.container)?;
        say!("{}", crate::commit(&store, &state, &self.name)?.chain);
        Ok(0)
    }
}
