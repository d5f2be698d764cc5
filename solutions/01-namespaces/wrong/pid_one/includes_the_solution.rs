//! diagnosis: not-one-file
//! made by: whoever finds the solution's directory.

#[path = "../../pid_one.rs"]
mod solution;

pub use solution::fork_as_pid_one;
