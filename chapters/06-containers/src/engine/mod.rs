//! What can be done with containers. The command line drives it, and so do chapter 7's daemon and
//! chapter 8's tool.
//!
//! Requests and answers are plain data, streams are descriptors, and nothing here waits longer than
//! a disk: waiting is the caller's, on a descriptor.

mod create;
mod lifecycle;
mod queries;

pub use create::{Created, NewContainer};
pub use lifecycle::remove_record;
pub use queries::{ExecInspect, Stream, default_host_config, inspect};

use anyhow::Result;
use ch01_namespaces::StoreFlags;
use ch04_unionfs::LayerStore;

use crate::record::Records;
use crate::volumes::Volumes;

/// The engine, in this process.
#[derive(Clone, Debug)]
pub struct Engine {
    flags: StoreFlags,
    records: Records,
    volumes: Volumes,
}

impl Engine {
    /// Opens it.
    pub fn open(flags: &StoreFlags) -> Result<Engine> {
        Ok(Engine { flags: flags.clone(), records: Records::open(flags)?, volumes: Volumes::open(flags)? })
    }

    /// Where everything is kept.
    pub fn flags(&self) -> &StoreFlags {
        &self.flags
    }

    /// The records.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// The volumes.
    pub fn volumes(&self) -> &Volumes {
        &self.volumes
    }

    /// The layers.
    pub fn layers(&self) -> Result<LayerStore> {
        LayerStore::open(&self.flags, None)
    }
}
