//! Chapter 3: limits, with control groups.
//!
//! A cgroup is a directory that the kernel fills with files. A process is in it or not, a limit is
//! a write into a file, and what is counted is read from one. This chapter adds cgroups to the
//! containers of [chapter 2](ch02_rootfs).
//!
//! Read it in this order:
//!
//! 1. [`controller`] and [`machine`]: which trees of cgroups this machine has, decided for each
//!    controller by itself.
//! 2. [`limits`]: what can be asked for, and what makes no sense. [`setting`]: a limit as writes;
//!    [`v1`] and [`v2`] have one file a controller, with the kernel's names; [`convert`] leads from
//!    one's numbers to the other's. `kept.rs`: whether a write that was taken has an effect.
//! 3. [`place`] and [`room`]: where a cgroup goes, and v2's rule that processes are only in leaves.
//!    `part.rs`: which part of the tree is ours; `delegation.rs`: how to get one where none is.
//! 4. [`cgroup`] and [`mechanisms`]: made, joined, looked at from inside. (Removed it is by chapter
//!    1's undo journal.)
//! 5. [`stats`], [`events`], `freezer.rs`, `enter.rs`, `update.rs` (and `put_back.rs`),
//!    `report_oom.rs`: what is done with a cgroup that is there; `verbs.rs`, `table.rs`, `watch.rs`
//!    and `tree.rs` print it.
//!
//! All `unsafe` is in `sys.rs`.

pub mod cgroup;
mod cli;
pub mod controller;
pub mod convert;
mod delegated;
mod delegation;
pub mod device_rules;
mod enter;
pub mod events;
mod flags;
mod freezer;
pub mod limits;
pub mod machine;
pub mod make_leaf;
pub mod mechanisms;
mod oom_report;
mod parents;
pub mod place;
mod rollback;
pub mod setting;
mod size;
pub mod stats;
pub mod steps;
mod sys;
mod table;
mod tour;
mod tree;
pub mod units;
mod update;
pub mod v1;
pub mod v2;
pub mod verbs;
mod verify;
mod watch;

pub use cli::{Cgroups, Verbs};
pub use flags::{CgroupFlags, CgroupUse, Flags, LimitFlags};
pub use freezer::{freeze, is_frozen};
pub use table::Counted;
pub use update::update;
