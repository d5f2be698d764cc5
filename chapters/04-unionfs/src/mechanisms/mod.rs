//! The mechanisms of chapter 4, one file each.

mod container_layer;
pub(crate) mod overlay_root;

pub use container_layer::ContainerLayer;
pub use overlay_root::{OverlayMount, OverlayRoot};
