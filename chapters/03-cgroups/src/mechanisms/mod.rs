//! The mechanisms of chapter 3, one file each.

mod cgroups;
mod oom_score;
mod view;

pub use cgroups::{ContainerCgroups, join};
pub use oom_score::OomScore;
pub use view::view;
