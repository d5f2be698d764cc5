//! The tour.

use anyhow::Result;
use ch01_namespaces::StoreFlags;
use ch01_namespaces::telling::TourFlags;
use clap::ValueEnum;

/// What is wasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Hog {
    /// Processor time, for ever.
    Cpu,
    /// Memory, until killed.
    Memory,
    /// Processes, until refused.
    Forks,
}

/// Wastes it.
pub fn waste(_what: Hog) -> Result<()> {
    Ok(())
}

/// Shows it.
pub fn tour(_flags: &TourFlags, _store: &StoreFlags) -> Result<u8> {
    Ok(0)
}
