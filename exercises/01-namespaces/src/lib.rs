//! The exercises of chapter 1: what each is about, its hints, and the mistakes that its check recognizes.
//!
//! The answers are no part of this library. Each is one file beside this package's `Cargo.toml`, built into a program of its
//! own (`programs/`), so that an answer that doesn't compile, or that kills what it can, harms itself only. The checks are a
//! program too (`main.rs`): whoever only lists exercises, or builds an answer, doesn't wait until they are built.

mod boot_clock;
mod hostname;
mod ids;
mod init;
mod isolation;
mod join;
mod pid_one;
#[cfg(feature = "checks")]
mod processes;

exercise::exercises!(hostname, pid_one, ids, init, join, boot_clock, isolation);
