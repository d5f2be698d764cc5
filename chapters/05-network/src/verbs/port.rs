//! `port`: a container's published ports.

use anyhow::{Context, Result};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{StoreFlags, say};
use ch04_unionfs::verbs::Format;
use clap::Args;

use crate::network::Endpoint;

/// Show a container's published ports: the container's port, and the machine's address and port.
#[derive(Args)]
pub struct Port {
    /// `json`: one array of objects: ip, host, container.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The container: its name, its id, or the beginning of its id.
    container: String,
}

impl Port {
    /// Prints them.
    pub fn act(self, flags: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let (directory, _) = flags.open()?.find(&self.container)?;
        let endpoint = Endpoint::read(&directory)
            .with_context(|| format!("container {} is on no network: it has no published ports", self.container))?;
        if self.format == Format::Json {
            say!("{}", serde_json::to_string_pretty(&endpoint.ports)?);
            return Ok(0);
        }
        for port in endpoint.ports {
            say!("{}/tcp -> {}:{}", port.container, port.ip, port.host);
        }
        Ok(0)
    }
}
