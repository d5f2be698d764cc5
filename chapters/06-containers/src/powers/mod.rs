//! Fewer powers: what keeps root in a container from being root on the machine.

use anyhow::Result;
use ch01_namespaces::{Design, Mechanism};
use clap::Args;

use crate::record::Config;
use crate::shim::ExecRequest;

/// Chapter 6's own flags.
#[derive(Args, Debug, Clone, Default)]
pub struct PowerFlags {}

impl PowerFlags {
    /// Adds the mechanisms.
    pub fn plan(&self, _design: &mut Design) -> Result<()> {
        Ok(())
    }

    /// The mechanisms of one more command.
    pub fn for_exec(&self, _config: &Config, _request: &ExecRequest) -> Result<Vec<Box<dyn Mechanism>>> {
        Ok(Vec::new())
    }
}
