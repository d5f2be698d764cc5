//! Chapter 7: the daemon and its client.
//!
//! A daemon answers requests over HTTP, and does for each what chapter 6's command line did. It
//! keeps no truth (records are on disk, shims are alive), never makes a process of a container's
//! (shims do), and is in nobody's way: an attached client's connection is handed to the shim. So it
//! may be killed at any time.
//!
//! Read it in this order:
//!
//! 1. [`daemon`]: the socket, one task for each connection, what changes on disk.
//! 2. [`api`]: from a request to the function that answers it (`router.rs`), and those functions.
//! 3. [`host_config`]: Docker's words for what surrounds a container, as chapter 6's flags.
//! 4. `hijack.rs`: a connection that stops being HTTP.
//! 5. [`client`]: chapter 6's command line with a daemon for its engine.

#![recursion_limit = "512"] // info and the fields of a container are large JSON values

pub mod api;
mod cli;
pub mod client;
pub mod daemon;
pub mod host_config;
mod tour;

pub use cli::{DaemonVerb, HostFlag, Verbs, ask_daemon, main};
