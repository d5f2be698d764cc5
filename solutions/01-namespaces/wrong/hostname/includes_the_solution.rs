//! diagnosis: not-one-file
//! made by: whoever finds the solution's directory.

#[path = "../../hostname.rs"]
mod solution;

pub use solution::own_hostname;
