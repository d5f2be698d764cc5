//! The four network modes of Docker's, and networks by name.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// What `--network` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkMode {
    /// The machine's own network: no sandbox.
    Host,
    /// A sandbox with nothing but its loopback interface.
    None,
    /// Another container's sandbox.
    Container(String),
    /// A network by its name; `bridge` is the default one.
    Network(String),
}

impl FromStr for NetworkMode {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<NetworkMode, Infallible> {
        Ok(match text {
            "host" => NetworkMode::Host,
            "none" => NetworkMode::None,
            "default" => NetworkMode::Network(crate::network::DEFAULT.into()),
            other => match other.strip_prefix("container:") {
                Some(container) => NetworkMode::Container(container.into()),
                None => NetworkMode::Network(other.into()),
            },
        })
    }
}

impl fmt::Display for NetworkMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetworkMode::Host => f.pad("host"),
            NetworkMode::None => f.pad("none"),
            NetworkMode::Container(container) => write!(f, "container:{container}"),
            NetworkMode::Network(name) => f.pad(name),
        }
    }
}
