//! The mechanisms of chapter 5, one file each.

mod endpoint;
mod etc_files;
mod loopback;
mod place;

pub use endpoint::BridgeEndpoint;
pub use etc_files::EtcFiles;
pub use loopback::Loopback;
pub use place::Place;
