//! Layers as tar archives: how one comes in, and how one goes out.

mod decompress;
mod fed;
mod hashing;
mod import;
mod parents;
mod whiteouts;
mod write;
mod zstd;

pub use decompress::decompress;
pub use fed::Fed;
pub use import::{Imported, import};
pub use whiteouts::{WhiteoutForm, Whiteouts};
pub use write::{ArchiveWriter, write};
