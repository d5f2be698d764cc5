//! Chapter 1: a process of its own.
//!
//! A container is a process plus a list of [`Mechanism`]s. This crate holds that one idea, the
//! machinery that carries it through all chapters, and the first mechanisms: namespaces.
//!
//! Read it in this order:
//!
//! - **The idea.** [`Namespace`], [`Namespaces`]: what the kernel can make private. [`Mechanism`],
//!   [`Stage`], [`Plan`]: what a piece of a container is, and when it has its turn. [`mechanisms`]:
//!   one file each; [`mapping`] decides on ids.
//! - **The process.** `host.rs` and `child.rs` walk the list in lockstep, over the `link.rs`
//!   between them; `gate.rs` lets `create` and `start` be two processes; `launch.rs` becomes the
//!   command, `init.rs` stays behind as its PID 1; `wait.rs`, `interrupts.rs` and `terminal.rs`
//!   pass on what a person does to it. `join.rs` and `enter.rs` go into namespaces that exist.
//!   [`own_binary`] keeps our program's own file out of the container's reach. `work.rs` does work
//!   elsewhere, and `work_interrupts.rs` lets Ctrl-C end it. [`Privilege`] is what this process may
//!   do.
//! - **What remains.** [`Container`], [`State`], [`RecordedProcess`], [`Store`] (`data_root.rs`,
//!   [`ownership`], `locked.rs`), [`Undo`], `removal.rs`, `cgroup_removal.rs`, `tree_removal.rs`,
//!   `frozen.rs`: what outlives a process, and how it goes away.
//! - **What is said.** [`explain`] and [`steps`] narrate; [`Failure`] teaches; `refused.rs` asks
//!   why this machine says no.
//! - **The command line.** [`Chapter`] is what a chapter adds to it, [`Design`] what its flags
//!   decide; `flags.rs` and [`verbs`] are shared, `tour.rs` and `inspect.rs` what it shows.
//!   [`TourRun`] is the container of each chapter's tour.
//!
//! All `unsafe` is in files called `sys.rs`.

mod cgroup_removal;
mod child;
mod cli;
mod command_line;
mod container;
mod data_root;
mod design;
mod enter;
mod exec;
pub mod explain;
mod failure;
mod flags;
mod frozen;
mod gate;
pub mod helper;
mod host;
mod in_user_namespace;
mod init;
mod inspect;
mod interrupts;
mod join;
mod launch;
mod line_removal;
pub mod link;
mod lock_file;
mod locked;
pub mod mapping;
mod mechanism;
pub mod mechanisms;
mod namespaces;
pub mod narration;
mod offset;
pub mod own_binary;
pub mod ownership;
mod plan;
mod privilege;
mod process_end;
mod program;
mod ps;
mod recorded_process;
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
mod tour_run;
mod tree_removal;
mod undo;
pub mod verbs;
mod view;
mod wait;
mod width;
mod work;
mod work_interrupts;

pub use cgroup_removal::{SHARED as SHARED_CGROUP, is_shared as is_shared_cgroup, remove as remove_cgroup};
pub use cli::{Namespaces as ChapterOne, Verbs};
pub use command_line::{Chapter, ContainerFlags, Operands, Verb, command, main};
pub use container::{Container, Spec, start};
pub use data_root::open_private;
pub use design::Design;
pub use enter::enter;
pub use exec::{Exec, Running};
pub use failure::{CallFailed, Failure, exit};
pub use flags::{ExplainFlag, ExplainFormat, NamespaceFlags, RunFlags, StoreFlags};
pub use frozen::refuse as refuse_frozen_cgroup;
pub use in_user_namespace::{enter_user_namespace, network_namespace_owner};
pub use line_removal::LineRemoval;
pub use lock_file::open_lock;
pub use locked::lock_in_time;
pub use mechanism::{Handover, Mechanism, in_stage_order};
pub use namespaces::{Namespace, Namespaces};
pub use offset::Offset;
pub use plan::{Caller, Inside, Plan, Process};
pub use privilege::{Privilege, is_first_user_namespace};
pub use program::{create_and_leave, report, run_and_look_back, run_to_the_end};
pub use recorded_process::{Life, RecordedProcess, SeenFrom};
pub use removal::{remove, remove_debris};
pub use stage::Stage;
pub use state::{State, Status};
pub use steps::{Lesson, Why};
pub use store::{Store, is_id, new_id};
pub use sys::{close_above_stderr, own as own_descriptor, signal};
pub use target::{JoinRequest, Target};
pub use tour_run::{TourRun, this_program, tour_ends_early};
pub use tree_removal::remove as remove_tree;
pub use undo::Undo;
pub use wait::{Exit, reap};
pub use width::visible;
pub use work::{Elsewhere, Yield, work_in};
