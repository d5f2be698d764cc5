//! The container's own layer, on top of an image's: made with the container, gone with it.

use anyhow::{Context, Result};
use ch01_namespaces::{Handover, Inside, Mechanism, Plan, Stage, Undo};

use crate::digest::ChainId;
use crate::store::LayerStore;

// ANCHOR: container_layer
/// A read-write layer on an image, and the union of both as the root. The image's layers are never
/// written to: that is why many containers share them.
pub struct ContainerLayer {
    store: LayerStore,
    image: ChainId,
    /// The driver's root, known when the layer is.
    root: Option<Box<dyn Mechanism>>,
}

impl ContainerLayer {
    /// On an image's topmost layer.
    pub fn new(store: LayerStore, image: ChainId) -> ContainerLayer {
        ContainerLayer { store, image, root: None }
    }
}

impl Mechanism for ContainerLayer {
    fn name(&self) -> &'static str {
        "root"
    }

    fn stage(&self) -> Stage {
        Stage::Root
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        let container =
            plan.directory().file_name().and_then(|name| name.to_str()).context("a container without an id")?;
        let new = self.store.plan_container(container, self.image)?;
        new.undo.iter().try_for_each(|undo: &Undo| plan.undo_later(undo.clone()))?;
        let root = self.store.make_container(&new)?;
        self.root.insert(root).prepare(plan)
    }

    fn enter(&self, from_host: Handover, inside: &mut Inside) -> Result<()> {
        self.root.as_ref().context("internal error: the layer was never made")?.enter(from_host, inside)
    }
}
// ANCHOR_END: container_layer
