//! Chapter 2: a root file system of its own.
//!
//! A mount namespace copies the mount table and nothing else: the files below are still the host's.
//! What separates them is a new root. This chapter adds the mechanisms for it, on top of [chapter
//! 1](ch01_namespaces).
//!
//! Read it in this order:
//!
//! 1. [`mechanisms`]: the root (given, or made of this machine's programs), what is mounted in it,
//!    the change of root.
//! 2. [`rooted`]: why nothing in a root is ever opened by its path from outside.
//! 3. [`mounts`] and [`volume`]: the decisions, as plain lists.
//! 4. [`hostbox`]: a root file system from nothing. [`import`]: one from an archive that may be
//!    hostile.

mod cli;
mod flags;
pub mod hostbox;
pub mod import;
pub mod mechanisms;
pub mod mounts;
mod powers;
pub mod rooted;
mod rootfs;
pub mod steps;
pub mod sys;
mod tour;
pub mod volume;

pub use cli::{RootFileSystems, Verbs};
pub use flags::{Flags, RootFlags};
pub use rootfs::Rootfs;
pub use sys::attr;
