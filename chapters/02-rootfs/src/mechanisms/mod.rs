//! The mechanisms of chapter 2, one file each.

mod change_root;
mod devices;
mod given_root;
mod mounts;
mod read_only;
mod scratch_root;
mod working_directory;

pub use change_root::{Chroot, PivotRoot};
pub use devices::Devices;
pub use given_root::GivenRoot;
pub use mounts::Mounts;
pub use read_only::ReadOnlyRoot;
pub use scratch_root::ScratchRoot;
pub use working_directory::WorkingDirectory;
