//! What an exercise is, and how its program is run and looked at.
//!
//! Each chapter's package of exercises registers its own with these types; the workbook (`cargo wb`) lists and runs them.
//! An answer is never linked into the checker: it is a program of its own that runs in a lab ([`Program`]), talks to the
//! checker over a socket, and is judged by what the kernel says of it.

mod conversation;
mod exercise;
mod judgement;
mod output;
mod program;
pub mod random;

pub use conversation::Heard;
pub use exercise::{Exercise, Kind, Mistake};
pub use judgement::{Blocked, Judgement, Outcome};
pub use program::{Program, Running};
