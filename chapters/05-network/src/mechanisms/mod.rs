//! The mechanisms of chapter 5, one file each.

mod endpoint;
mod etc_files;
mod loopback;

pub use endpoint::{BridgeEndpoint, Place};
pub use etc_files::EtcFiles;
pub use loopback::Loopback;
