//! Containers: one file for each group of requests.

mod attach;
mod create;
mod lifecycle;
mod list;
mod logs;
mod stats;
mod streams;
mod wait;

pub use attach::{attach, resize};
pub use create::create;
pub use lifecycle::{kill, pause, prune, remove, rename, restart, start, stop};
pub use list::{changes, inspect, list, top};
pub use logs::logs;
pub use stats::stats;
pub use streams::{export, write_to};
pub use wait::wait;
