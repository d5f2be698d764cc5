//! The shim: one small process for each container that lives. It is the parent of the container's
//! first process, owns its streams, its terminal, its log and its exit status, and starts it again
//! where its policy says so.
//!
//! Why not the command that started it? That one ends. Why not a daemon? It may be restarted, and
//! with it all containers would end (chapter 7 has one, and it isn't in the way of any byte). A
//! shim is single-threaded: it forks.

mod client;
mod control;
mod ending;
mod exec;
mod life;
mod plan;
pub mod protocol;
mod requests;
mod role;
mod session;
mod start;

pub use client::FAILURE;
pub use plan::{design_of, flags_of};
pub use protocol::{Attach, ExecRequest, ExecState, Reply, Request};
pub use role::run;
pub use start::{Handle, PATIENCE, ask, ask_over, connect, is_silent, silent, socket_path, start};
