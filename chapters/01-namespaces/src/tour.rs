//! The tour.
use anyhow::Result;

/// Flags of the tour.
#[derive(clap::Args)]
pub struct TourFlags {
    /// In a terminal, wait for a key after each step.
    #[arg(long)]
    step: bool,
}

/// Shows it.
pub fn tour(_flags: &TourFlags) -> Result<u8> {
    Ok(0)
}
