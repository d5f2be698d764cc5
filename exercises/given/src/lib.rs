//! What the exercises are given: the pieces that the book shows and the learner needn't write.
//!
//! Each is a plain function with a plain name, on nix and std, so that an answer reads as one list of steps. What needs
//! `unsafe` is in `sys.rs`, behind a safe signature.

/// How an exercise's program and the checker talk (no part of what the book teaches).
#[doc(hidden)]
pub mod checked;
mod command;
mod containers;
mod exec;
mod fork;
mod own_proc;
mod pidfd;
mod privilege;
mod somebody;
mod stand_in;
mod sys;
mod terminal;
mod user_namespace;

pub use containers::{Running, containers};
pub use exec::{NotStarted, exec, exit_code_for_error};
pub use fork::{exit, fork, wait};
pub use own_proc::own_proc;
pub use pidfd::pidfd;
pub use privilege::is_privileged;
pub use stand_in::stand_in_for;
pub use terminal::{has_terminal, lead_on_terminal};
pub use user_namespace::user_namespace;
