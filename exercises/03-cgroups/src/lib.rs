//! The exercises of chapter 3: what each is about, its hints, and the mistakes that its check recognizes.
//!
//! The answers are no part of this library. Each is one file beside this package's `Cargo.toml`, built into a program of its
//! own (`programs/`), so that an answer that doesn't compile, or that kills what it can, harms itself only. The checks are a
//! program too (`main.rs`): whoever only lists exercises, or builds an answer, doesn't wait until they are built.

mod cpu;
mod fork_bomb;
mod freeze;
mod group;
#[cfg(feature = "checks")]
mod groups;
mod late_join;
mod leaf;
mod memory;
mod mistakes;
mod pids;
mod removal;

exercise::exercises!(group, cpu, memory, pids, freeze, leaf, removal, fork_bomb, late_join);
