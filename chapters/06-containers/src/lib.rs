//! Chapter 6: a container's life.
//!
//! Chapters 1 to 5 made a process in surroundings of its own. This chapter makes a container of it:
//! it has a name, runs in the background, keeps its log, can be entered, stopped, started again,
//! and looked at when it has ended.
//!
//! Read it in this order:
//!
//! 1. [`record`]: what outlives a process. [`engine`]: what can be done with it.
//! 2. [`shim`]: the small process that is a container's parent. [`log`]: what the container wrote.
//! 3. [`terminal`]: a terminal of its own. `client.rs`: the other end of an attach;
//!    `detach_keys.rs`: how a person leaves it.
//! 4. [`powers`]: fewer of them.
//! 5. `flags.rs`, `cli.rs`, [`verbs`], `template.rs`: the command line.
//!
//! All `unsafe` is in `sys.rs`.

#![recursion_limit = "256"] // inspect is one large JSON value

mod cli;
mod client;
mod detach_keys;
pub mod engine;
mod flags;
pub mod log;
pub mod powers;
pub mod record;
pub mod shim;
mod steps;
mod sys;
mod template;
mod terminal;
mod time;
mod tour;
pub mod verbs;
mod volumes;

pub use cli::{EngineVerbs, Verbs, main};
pub use client::Frames;
pub use detach_keys::DetachKeys;
pub use flags::Flags;
pub use time::{ago, from_seconds, nanoseconds_of, now, parse_time, seconds_of, seconds_with_nanos};
pub use volumes::{Volume, Volumes};
