//! Chapter 3: limits, with control groups.
//!
//! A group is a directory that the kernel fills with files. A process is in it or not, a limit is a write into a file, and what is
//! counted is read from one. This chapter adds groups to the containers of [chapter 2](ch02_rootfs).
//!
//! Read it in this order:
//!
//! 1. [`controller`] and [`machine`]: which trees of groups this machine has, decided for each controller by itself.
//! 2. [`limits`]: what can be asked for, and what makes no sense. [`setting`]: a limit as writes; [`v1`] and [`v2`] have one
//!    file a controller, with the kernel's names; [`convert`] leads from one's numbers to the other's. `kept.rs`: whether a
//!    write that was taken has an effect.
//! 3. [`place`] and [`room`]: where a group goes, and v2's rule that processes are only in leaves. `part.rs`: which part of
//!    the tree is ours; `delegation.rs`: how to get one where none is.
//! 4. [`group`] and [`mechanisms`]: made, joined, looked at from inside. (Removed it is by chapter 1's undo journal.)
//! 5. [`stats`], [`events`], `freezer.rs`, `enter.rs`, `update.rs` (and `put_back.rs`), `look_back.rs`: what is done with a group
//!    that is there; `verbs.rs`, `table.rs`, `watch.rs` and `tree.rs` print it.
//!
//! All `unsafe` is in `sys.rs`.

mod cli;
pub mod controller;
pub mod convert;
mod delegation;
pub mod device_rules;
mod enter;
pub mod events;
mod flags;
mod freezer;
pub mod group;
mod kept;
pub mod limits;
mod look_back;
pub mod machine;
pub mod mechanisms;
mod parents;
mod part;
pub mod place;
mod put_back;
pub mod room;
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
mod watch;

pub use cli::{Cgroups, Verbs};
pub use flags::{Flags, GroupFlags, LimitFlags};
pub use freezer::{freeze, is_frozen};
pub use update::update;
