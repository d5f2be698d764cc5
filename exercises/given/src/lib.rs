//! What the exercises are given: the pieces that the book shows and the learner needn't write.
//!
//! Each is a plain function with a plain name, on nix and std, so that an answer reads as one list
//! of steps. What needs `unsafe` is in `sys.rs`, behind a safe signature.

mod attributes;
mod beside;
mod bind;
mod capabilities;
mod cgroup;
mod change;
/// How an exercise's program and the checker talk (no part of what the book teaches).
#[doc(hidden)]
pub mod checked;
mod clock;
mod command;
mod console;
mod container;
mod containers;
mod exec;
mod filter;
mod fork;
mod host_network;
mod http;
mod image;
mod introduction;
mod keep_open;
mod listener;
mod machine_root;
mod made_group;
mod meeting;
mod mount_table;
mod netlink;
mod network;
mod networked;
mod nft;
mod order;
mod out_of_memory;
mod own_proc;
mod own_program;
mod pass_on;
mod pidfd;
mod privilege;
mod scratch;
mod somebody;
mod stand_in;
mod subnet;
mod sys;
mod terminal;
mod user_namespace;

pub use attributes::{attribute, copy_attributes, set_attribute};
pub use beside::{beside, end};
pub use bind::{bind, mount_setattr};
pub use capabilities::{clear_ambient, drop_from_bounding, last_capability, permitted, set_capabilities};
pub use cgroup::{Cgroup, Version};
pub use change::{Change, ChangeKind};
pub use clock::now;
pub use console::Console;
pub use containers::{Running, containers};
pub use exec::{NotStarted, close_on_exec, exec, exit_code_for_error};
pub use filter::{NATIVE, answer, install_filter, jump_if_any_bit, jump_if_equal, load};
pub use fork::{exit, fork, reap, wait};
pub use host_network::{host_network, leases};
pub use http::{Response, http_get};
pub use image::{Arguments, Instruction, Offer, Platform, Reference};
pub use introduction::Introduction;
pub use keep_open::keep_open;
pub use listener::{leave_open, left_open};
pub use machine_root::{machine_layer, machine_root, show_programs};
pub use meeting::Meeting;
pub use network::{add_address, add_bridge, add_veth, default_route, link_up, move_link, route, set_master};
pub use nft::nft;
pub use out_of_memory::say_out_of_memory;
pub use own_proc::{mount_proc, own_proc};
pub use own_program::start_from_sealed_copy;
pub use pass_on::{SWITCHING_PROTOCOLS, pass_on};
pub use pidfd::{ends_within, pidfd, signal};
pub use privilege::is_privileged;
pub use scratch::{empty_place_like, empty_root};
pub use stand_in::{stand_in_for, stand_in_for_command, survive_typed_signals};
pub use subnet::Subnet;
pub use terminal::{has_terminal, lead_on_terminal, refuse_typing};
pub use user_namespace::user_namespace;
