//! The tour.

use anyhow::Result;
use ch01_namespaces::StoreFlags;
use ch01_namespaces::telling::TourFlags;

/// Shows it.
pub fn tour(flags: &TourFlags, _store: &StoreFlags) -> Result<u8> {
    let telling = flags.begin();
    telling.title("Chapter 8: images")?;
    Ok(0)
}
