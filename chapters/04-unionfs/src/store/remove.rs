//! Removing a name, and the layers that nothing needs any more.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::iter::successors;

use anyhow::{Context, Result, bail};
use ch01_namespaces::remove_tree;

use super::{Layer, LayerStore};
use crate::digest::ChainId;
use crate::hostbox;

/// What was removed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Names.
    pub names: Vec<String>,
    /// Layers, topmost first.
    pub layers: Vec<ChainId>,
}

impl LayerStore {
    /// Removes a name, and with it the layers that only it needed. Refused while a container stands on
    /// what it means and no other name keeps that.
    pub fn remove(&self, name: &str) -> Result<Removed> {
        if name == hostbox::NAME {
            bail!("hostbox is made of this machine's programs: it is always there");
        }
        let _alone = self.lock_exclusive()?;
        let _in_the_making = self.begin_change()?;
        let names = self.names()?;
        let chain = match names.get(name) {
            Some(chain) => *chain,
            None => self.resolve(name)?,
        };
        let called: Vec<String> =
            names.iter().filter(|(_, known)| **known == chain).map(|(name, _)| name.clone()).collect();
        let is_by_name = called.iter().any(|known| known == name);
        if !is_by_name && called.len() > 1 {
            bail!("layer {name} has several names ({}): remove these", called.join(", "));
        }
        let gone: Vec<String> = if is_by_name { vec![name.into()] } else { called.clone() };
        // Another name may keep the layer: its own second one, or that of a layer above.
        let mut kept = BTreeSet::new();
        let layers = self.layers_by_chain()?;
        let others = names.iter().filter(|(name, _)| !gone.contains(name));
        others.map(|(_, top)| *top).try_for_each(|top| mark(&layers, top, &mut kept))?;
        if !kept.contains(&chain)
            && let Some(user) = self.user_of(&chain)?
        {
            // A life's, or a record's (chapter 6), which may have none.
            let is_alive = self.containers.states()?.iter().any(|state| state.id == user && state.is_alive());
            let flag = if is_alive { "-f " } else { "" };
            bail!("layer {name} is in use by container {}\ncure: remove that first: rm {flag}{0}", &user[..12]);
        }
        gone.iter().try_for_each(|name| self.set_name(name, None))?;
        Ok(Removed { names: gone, layers: self.remove_unneeded()? })
    }

    /// Whether a container stands on a layer.
    pub fn is_used(&self, chain: &ChainId) -> Result<bool> {
        Ok(self.user_of(chain)?.is_some())
    }

    /// A container that stands on a layer.
    fn user_of(&self, chain: &ChainId) -> Result<Option<String>> {
        for container in self.container_ids()? {
            let Some(image) = self.image_of(&container)? else { continue };
            if self.stack(&image)?.iter().any(|layer| layer.chain == *chain) {
                return Ok(Some(container));
            }
        }
        Ok(None)
    }

    // ANCHOR: remove_unneeded
    /// Removes the layers that neither a name nor a container needs, directly or below another. The
    /// caller holds the exclusive lock.
    pub(super) fn remove_unneeded(&self) -> Result<Vec<ChainId>> {
        let layers = self.layers_by_chain()?;
        let mut needed = BTreeSet::new();
        self.names()?.into_values().try_for_each(|top| mark(&layers, top, &mut needed))?;
        let by_names = needed.len();
        for container in self.container_ids()? {
            // Something damaged may need any of them: then none is removed.
            self.image_of(&container)?.map_or(Ok(()), |top| mark(&layers, top, &mut needed))?;
        }
        // What only a container keeps goes when that one does, of which the store hears nothing: the
        // sweeper looks.
        self.set_pending(needed.len() > by_names)?;
        let mut unneeded: Vec<_> = layers.values().filter(|layer| !needed.contains(&layer.chain)).collect();
        // Topmost first: a crash in between leaves no layer that stands on nothing.
        unneeded.sort_by_key(|layer| (Reverse(count_below(&layers, layer)), layer.chain));
        unneeded.iter().try_for_each(|layer| self.remove_layer(layer))?;
        Ok(unneeded.into_iter().map(|layer| layer.chain).collect())
    }
    // ANCHOR_END: remove_unneeded

    fn layers_by_chain(&self) -> Result<BTreeMap<ChainId, Layer>> {
        Ok(self.layers()?.into_iter().map(|layer| (layer.chain, layer)).collect())
    }

    /// First from the index, by one rename(2): from then on nobody finds it, and the sweeper removes
    /// what a crash leaves of it. (File by file, a crash would leave a damaged layer in the index.)
    fn remove_layer(&self, layer: &Layer) -> Result<()> {
        let gone = self.layerdb().join("tmp").join(format!("{}.gone", layer.cache_id));
        fs::rename(self.layer_directory(&layer.chain), &gone)
            .with_context(|| format!("cannot take {} out of the index", layer.chain))?;
        remove_tree(&gone)?;
        let undo = self.driver.undo(&layer.cache_id);
        undo.iter().try_for_each(|undo| undo.run()).with_context(|| format!("cannot remove the layer {}", layer.chain))
    }
}

/// How many layers are below one.
fn count_below(layers: &BTreeMap<ChainId, Layer>, layer: &Layer) -> usize {
    successors(layer.parent, |chain| layers.get(chain)?.parent).take(layers.len()).count()
}

/// A layer and all below it, as far as they aren't marked yet.
fn mark(layers: &BTreeMap<ChainId, Layer>, top: ChainId, needed: &mut BTreeSet<ChainId>) -> Result<()> {
    let mut next = Some(top);
    while let Some(chain) = next.filter(|chain| needed.insert(*chain)) {
        next = layers.get(&chain).with_context(|| format!("there is no layer {chain}"))?.parent;
    }
    Ok(())
}
