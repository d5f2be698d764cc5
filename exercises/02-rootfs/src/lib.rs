//! The exercises of chapter 2: what each is about, its hints, and the mistakes that its check recognizes.
//!
//! The answers are no part of this library. Each is one file beside this package's `Cargo.toml`, built into a program of its
//! own (`programs/`), so that an answer that doesn't compile, or that kills what it can, harms itself only. The checks are a
//! program too (`main.rs`): whoever only lists exercises, or builds an answer, doesn't wait until they are built.

mod chroot_escape;
mod minimal_dev;
mod pivot;
mod private_mounts;
mod read_only;
#[cfg(feature = "checks")]
mod view;
mod volume;

exercise::exercises!(private_mounts, pivot, minimal_dev, chroot_escape, read_only, volume);
