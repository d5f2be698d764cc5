//! Chapter 4: layers, and the file system that unites them.
//!
//! An image is a stack of read-only layers. A container is an image and one more layer, which is
//! written to. So many containers share an image, and what a container changes is a list that can
//! be read, undone, and made a layer of the next image. This chapter adds the store of layers and
//! the union to the containers of [chapter 3](ch03_cgroups).
//!
//! Read it in this order:
//!
//! 1. [`digest`]: names made of content. `union.rs`: the rule of every union file system.
//!    `directory.rs`: why layers are walked from descriptor to descriptor.
//! 2. [`driver`]: two ways to keep layers and unite them, one trait. [`mechanisms`]: the
//!    container's layer, and the union as its root.
//! 3. [`store`]: what stands on what, what is in use, and what a crash leaves.
//! 4. [`archive`]: a layer comes in as an archive, and goes out as one; `owner.rs`: whose files
//!    they are meanwhile; `open_files.rs`: how deep its directories may be.
//! 5. [`changes`]: what a layer changes. `commit.rs`: a container's changes become a layer;
//!    `frozen.rs`: it stands still meanwhile.
//! 6. [`hostbox`]: the layer that is always there. `flags.rs`, `cli.rs`, `verbs/`: the command
//!    line. `tour.rs`.
//!
//! All `unsafe` is in `sys.rs`.

pub mod archive;
pub mod changes;
mod cli;
mod commit;
mod copy_out;
pub mod digest;
mod directory;
pub mod driver;
mod flags;
mod flatten;
mod frozen;
pub mod hostbox;
pub mod mechanisms;
mod open_files;
mod owner;
pub mod steps;
pub mod store;
mod sys;
mod tour;
mod union;
pub mod verbs;

pub use cli::{UnionFileSystems, Verbs};
pub use commit::{commit, commit_by_id, commit_layer, write_changes, write_layer};
pub use flags::{DriverFlag, Flags};
pub use owner::as_owner;
pub use store::LayerStore;
