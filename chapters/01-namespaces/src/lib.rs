//! Chapter 1: a process of its own.
//!
//! A container is a process plus a list of [`Mechanism`]s. This crate holds that one idea, the machinery that carries it
//! through all chapters, and the first mechanisms: namespaces.
//!
//! Read it in this order:
//!
//! 1. [`Namespace`], [`Namespaces`]: what the kernel can make private.
//! 2. [`Mechanism`] and [`Stage`]: what a piece of a container is, and when it has its turn.
//! 3. [`mechanisms`]: one file each.
//! 4. `host.rs` and `child.rs`: the two processes that walk the list in lockstep, over the `link.rs` between them.
//! 5. `gate.rs`: why `create` and `start` can be two processes.
//! 6. [`Container`], [`State`], [`Store`], [`Undo`]: what outlives a process, and how it goes away again.

mod child;
mod cli;
mod container;
mod data_root;
mod enter;
pub mod explain;
mod failure;
mod flags;
mod gate;
mod host;
mod init;
mod inspect;
mod join;
mod launch;
mod link;
mod locked;
pub mod mapping;
mod mechanism;
pub mod mechanisms;
mod namespaces;
mod offset;
mod plan;
mod program;
mod ps;
mod refused;
mod removal;
mod stage;
mod state;
pub mod steps;
mod store;
mod sys;
mod target;
mod terminal;
mod tour;
mod undo;
pub mod verbs;
mod view;
mod wait;
mod width;

pub use cli::main;
pub use container::{Container, Spec, start};
pub use enter::enter;
pub use failure::{CallFailed, Failure, exit};
pub use flags::{ExplainFlag, ExplainFormat, NamespaceFlags, RunFlags, StoreFlags};
pub use mechanism::{Handover, Mechanism, in_stage_order};
pub use namespaces::{Namespace, Namespaces};
pub use offset::Offset;
pub use plan::{Caller, Inside, Plan, Process};
pub use program::{create_and_leave, report, run_program, run_to_the_end};
pub use removal::{remove, remove_debris};
pub use stage::Stage;
pub use state::{Life, SeenFrom, State, Status};
pub use steps::{Lesson, Why};
pub use store::Store;
pub use target::{JoinRequest, Target};
pub use undo::Undo;
pub use wait::Exit;
