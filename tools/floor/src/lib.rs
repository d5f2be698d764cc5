//! What the chapters' benches share: a container's floor, and measuring against it.
//!
//! The floor is the same system calls and nothing else, in a process of its own: `benches/start.rs`
//! starts itself as `floor`, linked just as the chapter's program is. Whole processes are measured,
//! from start to exit, side by side in one run, so that whatever else the machine does meets both.

mod begin;
mod memory;
mod sys;
mod times;

use anyhow::Result;
use nix::unistd::geteuid;
use tempfile::TempDir;

pub use begin::begin;
pub use memory::private_memory;
pub use times::Times;

/// How often each is run: `cargo bench` asks for medians, `cargo test --benches` for a quick look
/// only.
pub fn rounds() -> usize {
    const ROUNDS: usize = 300;
    if std::env::args().any(|arg| arg == "--bench") { ROUNDS } else { 3 }
}

/// A directory for the program's store. In memory, as /run is on most machines: else the disk is
/// measured.
pub fn store() -> Result<TempDir> {
    Ok(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?)
}

/// What makes `run` map the same ids as the floor: newuidmap and newgidmap are programs of their
/// own, and cost 3 ms and more.
pub fn ids() -> &'static [&'static str] {
    if geteuid().is_root() { &[] } else { &["--map-root"] }
}
