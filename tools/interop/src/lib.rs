//! Coracle under other people's programs: the docker command line, skopeo, a registry, nginx.
//!
//! `tools/interop/fetch` brings what a machine may lack, and `cargo test --package interop` runs
//! the tests, as root or as an ordinary user. They are no part of `cargo test` without a package,
//! since they need programs that a learner need not have.
//!
//! 1. [`fetched`]: the programs that are driven.
//! 2. [`world`]: a lab with a daemon in it, who runs it, and commands beside it.
//! 3. [`registry`]: a registry with one image.
//! 4. [`pty`]: a command on a real terminal.
//! 5. an authority that certifies registries: [`authority`].
//! 6. [`judged`]: an image with everything in it that a layer can hold; [`tree`]: what is unpacked.

pub mod authority;
pub mod fetched;
pub mod judged;
pub mod pty;
pub mod registry;
pub mod tree;
pub mod world;
