//! Chapter 8: images.
//!
//! An image is a list of layers and a file that says what to run on them, all named by the digest
//! of their content. This chapter adds names people can type, registries, and builds. With it the
//! real docker client's `build`, `images` and `run` work.
//!
//! Read it in this order:
//!
//! 1. `reference.rs`: what `nginx` is short for.
//! 2. [`layout`]: the store, an OCI image layout on disk: blobs, and an index of what they are
//!    called.
//! 3. `config.rs`: what an image says about its containers. `builtin.rs`: images without a network.
//! 4. [`transfer`]: load, save, import, pull.
//! 5. [`build`]: a Dockerfile becomes an image, step by step.
//! 6. `api/`: the routes that chapter 7's daemon gets.
//! 7. `engine/`: what can be done with images, here or by a daemon. `cli.rs`, `verbs/`: the command
//!    line, which doesn't know which of the two it has.

mod api;
pub mod build;
mod builtin;
mod cli;
mod config;
mod engine;
pub mod layout;
mod reference;
mod tour;
pub mod transfer;
mod verbs;

pub use cli::main;
pub use reference::Reference;
