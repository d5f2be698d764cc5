//! The exercises of chapter 3: what each checks, its hints, and the mistakes that it recognizes.
//!
//! The answers are no part of this library. Each is one file beside this package's `Cargo.toml`, built into a program of its
//! own (`programs/`), so that an answer that doesn't compile, or that kills what it can, harms itself only.
#![cfg(feature = "checks")]

mod cpu;
mod fork_bomb;
mod freeze;
mod group;
mod groups;
mod late_join;
mod leaf;
mod memory;
mod pids;
mod removal;

use checker::Exercise;

/// In the order of the book.
pub const EXERCISES: &[&Exercise] = &[
    &group::EXERCISE,
    &cpu::EXERCISE,
    &memory::EXERCISE,
    &pids::EXERCISE,
    &freeze::EXERCISE,
    &leaf::EXERCISE,
    &removal::EXERCISE,
    &fork_bomb::EXERCISE,
    &late_join::EXERCISE,
];
