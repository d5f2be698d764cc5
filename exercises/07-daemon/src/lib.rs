//! The exercises of chapter 7: each is declared by one file, and registered by being there
//! (`build.rs`).
//!
//! The answers are no part of this library. Each is one file beside this package's `Cargo.toml`,
//! built into a program of its own (`bin/`), so that an answer that doesn't compile, or that kills
//! what it can, harms itself only. The checks are a program too (`main.rs`): a command that only
//! lists exercises, or builds an answer, doesn't wait until they are built.

include!(concat!(env!("OUT_DIR"), "/exercises.rs"));
