//! The Engine API: one function for each request, and a router that finds it.

pub mod body;
pub mod containers;
pub mod error;
mod events;
pub mod exec;
pub mod fields;
pub mod hijack;
pub mod images;
mod networks;
pub mod parameters;
pub mod prune;
pub mod query;
pub mod router;
pub mod system;
mod volumes;

/// The newest version that is spoken here: docker 28's.
pub const VERSION: &str = "1.48";

/// The oldest: docker 20.10 speaks 1.41, and the API says 1.24 where a client asks for nothing.
pub const OLDEST: &str = "1.24";
