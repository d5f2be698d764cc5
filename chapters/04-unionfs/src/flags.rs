//! Flags for layers: from here on the first word after the flags of `run` is an image.

use anyhow::{Context, Result, bail};
use ch01_namespaces::{ContainerFlags, Design, StoreFlags};
use clap::Args;

use crate::driver;
use crate::mechanisms::ContainerLayer;
use crate::store::LayerStore;

/// Which storage driver.
#[derive(Args, Debug, Clone, Default)]
#[group(skip)]
pub struct DriverFlag {
    /// How layers are stored: overlay2 (an overlay mount) or vfs (each layer is a full copy) [default:
    /// the store's driver; for a new store, the best one that works here]
    #[arg(long, value_name = "NAME")]
    pub storage_driver: Option<driver::Name>,
}

impl DriverFlag {
    /// Opens the layer store that belongs to a state root.
    pub fn open(&self, store: &StoreFlags) -> Result<LayerStore> {
        LayerStore::open(store, self.storage_driver)
    }
}

/// The flags of chapters 1 to 4.
#[derive(Args, Debug, Clone, Default)]
#[group(skip)] // clap would name it Flags, like that of other chapters
pub struct Flags {
    /// Those of chapters 1 to 3.
    #[command(flatten)]
    pub earlier: ch03_cgroups::Flags,
    /// Chapter 4's own.
    #[command(flatten)]
    pub driver: DriverFlag,
}

impl ContainerFlags for Flags {
    fn delegate(&mut self, design: &Design) -> Result<()> {
        self.earlier.delegate(design)
    }

    // ANCHOR: plan
    fn plan(self, design: &mut Design) -> Result<()> {
        // A directory that is given stands in the image's place.
        if self.earlier.earlier.root.rootfs.is_none() && design.root.is_none() {
            let image = design.spec.command.remove(0);
            let image = image.to_str().with_context(|| format!("invalid name {image:?}: it is not UTF-8"))?;
            let store = self.driver.open(design.store_flags())?;
            let top = store.resolve(image)?;
            if design.spec.command.is_empty() {
                bail!("no command was given\ncure: run {image} COMMAND");
            }
            design.root = Some(Box::new(ContainerLayer::new(store, top)));
        }
        self.earlier.plan(design)
    }
    // ANCHOR_END: plan
}
