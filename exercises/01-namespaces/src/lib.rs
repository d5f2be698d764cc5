//! The exercises of chapter 1: what each checks, its hints, and the mistakes that it recognizes.
//!
//! The answers are no part of this library. Each is one file beside this package's `Cargo.toml`, built into a program of its
//! own (`programs/`), so that an answer that doesn't compile, or that kills what it can, harms itself only.
#![cfg(feature = "checks")]

mod boot_clock;
mod hostname;
mod ids;
mod init;
mod isolation;
mod join;
mod namespaces;
mod pid_one;
mod processes;

use checker::Exercise;

/// In the order of the book.
pub const EXERCISES: &[&Exercise] = &[
    &hostname::EXERCISE,
    &pid_one::EXERCISE,
    &ids::EXERCISE,
    &init::EXERCISE,
    &join::EXERCISE,
    &boot_clock::EXERCISE,
    &isolation::EXERCISE,
];
