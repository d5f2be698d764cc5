//! What an engine is asked, and what it answers: plain data, and streams.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::net::UnixStream;

use anyhow::Result;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::log::LogOptions;

/// Our end of a container's streams: Docker's frames, or raw from a terminal.
#[derive(Debug)]
pub struct Stream {
    /// The connection.
    pub socket: UnixStream,
    /// What was read from it already.
    pub early: Vec<u8>,
}

impl From<UnixStream> for Stream {
    fn from(socket: UnixStream) -> Stream {
        Stream { socket, early: Vec::new() }
    }
}

/// Waits for an end, and gives the exit status.
pub type Ending<'a> = Box<dyn FnOnce() -> Result<u8> + 'a>;

/// Something that runs, and that we are attached to.
pub struct Running<'a> {
    /// The container's id, or the exec's.
    pub id: String,
    /// Its streams.
    pub stream: Stream,
    /// Its end.
    pub ending: Ending<'a>,
}

/// Which containers to list.
#[derive(Debug, Clone, Default)]
pub struct ListRequest {
    /// Those that don't run, too.
    pub all: bool,
    /// Only the newest so many, also if they don't run.
    pub limit: Option<usize>,
    /// Names and values of filters: of one name's values any must match, and all names must.
    pub filters: BTreeMap<String, Vec<String>>,
}

/// A container in a list. As JSON it is what `GET /containers/json` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// Its name, with a slash in front.
    pub names: Vec<String>,
    /// The image, as it was asked for.
    pub image: String,
    /// The image's id.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// What is executed.
    pub command: String,
    /// When it was made: seconds since 1970.
    pub created: i64,
    /// What is published, and while it runs what its image says it listens on.
    #[serde(deserialize_with = "null_is_empty")]
    pub ports: Vec<Port>,
    /// Whatever people note.
    #[serde(deserialize_with = "null_is_empty")]
    pub labels: BTreeMap<String, String>,
    /// One word: `running`.
    pub state: String,
    /// For people: `Up 5 minutes`.
    pub status: String,
    /// `NetworkMode`.
    pub host_config: Value,
    /// `Networks`, by name.
    pub network_settings: Value,
    /// Volumes and directories of the host's.
    pub mounts: Value,
}

/// SDKs in Go write null for what is empty.
fn null_is_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A port of a container's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Port {
    /// The machine's address.
    #[serde(rename = "IP", skip_serializing_if = "String::is_empty")]
    pub ip: String,
    /// The container's port.
    pub private_port: u16,
    /// The machine's; 0 if it isn't published.
    #[serde(skip_serializing_if = "is_zero")]
    pub public_port: u16,
    /// `tcp` or `udp`.
    #[serde(rename = "Type")]
    pub kind: String,
}

fn is_zero(number: &u16) -> bool {
    *number == 0
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.public_port != 0 {
            write!(f, "{}:{}->", self.ip, self.public_port)?;
        }
        write!(f, "{}/{}", self.private_port, self.kind)
    }
}

/// What ps(1) shows. As JSON it is what `GET /containers/ID/top` answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Processes {
    /// The columns.
    pub titles: Vec<String>,
    /// A row for each process.
    pub processes: Vec<Vec<String>>,
}

/// What of a log, and how.
#[derive(Debug, Clone, Default)]
pub struct LogRequest {
    /// Which lines.
    pub options: LogOptions,
    /// Go on until the container ends.
    pub follow: bool,
    /// With the time of each line.
    pub timestamps: bool,
}

/// Where a log goes.
pub trait LogSink {
    /// Some text of a stream: 1 is stdout, 2 stderr.
    fn take(&mut self, stream: u8, text: &[u8]) -> Result<()>;
    /// That was all for now.
    fn flush(&mut self) -> Result<()>;
}
