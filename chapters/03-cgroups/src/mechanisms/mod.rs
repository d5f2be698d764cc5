//! The mechanisms of chapter 3, one file each.

mod groups;
mod oom_score;
mod view;

pub use groups::{Groups, join};
pub use oom_score::OomScore;
pub use view::view;
