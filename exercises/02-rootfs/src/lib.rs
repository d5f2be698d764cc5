//! The exercises of chapter 2: what each checks, its hints, and the mistakes that it recognizes.
//!
//! The answers are no part of this library. Each is one file beside this package's `Cargo.toml`, built into a program of its
//! own (`programs/`), so that an answer that doesn't compile, or that kills what it can, harms itself only.
#![cfg(feature = "checks")]

mod chroot_escape;
mod minimal_dev;
mod pivot;
mod private_mounts;
mod read_only;
mod view;
mod volume;

use checker::Exercise;

/// In the order of the book.
pub const EXERCISES: &[&Exercise] = &[
    &private_mounts::EXERCISE,
    &pivot::EXERCISE,
    &minimal_dev::EXERCISE,
    &chroot_escape::EXERCISE,
    &read_only::EXERCISE,
    &volume::EXERCISE,
];
