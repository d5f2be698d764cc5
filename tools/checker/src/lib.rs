//! How an exercise's program is run and looked at.
//!
//! Each chapter's package of exercises has a program of checks, whose [`main`] is here. An answer
//! is never linked into it: an answer is a program of its own that runs in a lab ([`Program`]),
//! talks to the checker over a socket, and is judged by what the kernel says of it.

pub mod cases;
mod checks;
mod conversation;
pub mod namespaces;
mod output;
pub mod processes;
mod program;
pub mod random;
mod run;
pub mod view;

pub use checks::{Check, main};
pub use conversation::{Reply, Value};
pub use exercise::Mistake;
pub use judgement::{Blocked, Judgement, Outcome};
pub use program::{Program, Running};
pub use run::{Run, until_hopeless};
