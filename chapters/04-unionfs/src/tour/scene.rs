//! The image and the containers that the tour plays with.

use std::cell::Cell;
use std::path::PathBuf;

use anyhow::{Context, Result};
use ch01_namespaces::{StoreFlags, TourRun, this_program};
use tar::{Builder, Header};

use crate::archive::import;
use crate::digest::ChainId;
use crate::hostbox;
use crate::store::LayerStore;

pub(super) struct Scene<'a> {
    flags: &'a StoreFlags,
    store: LayerStore,
    name: String,
    pub image: ChainId,
    started: Cell<usize>,
}

/// A container that runs until its stdin ends.
pub(super) struct Running<'a> {
    /// It outlives its containers.
    _scene: &'a Scene<'a>,
    name: String,
    pub pid: i32,
    run: TourRun,
}

impl Scene<'_> {
    /// Imports the image. It goes away with the scene.
    pub fn set<'a>(flags: &'a StoreFlags, store: &LayerStore) -> Result<Scene<'a>> {
        let programs = hostbox::layer(store)?;
        let name = format!("tour-{}", std::process::id());
        let archive = archive().context("cannot make an archive in memory")?;
        let imported = import(store, Some(programs), Some(&name), || Ok(archive.as_slice()))?;
        Ok(Scene { flags, store: store.clone(), name, image: imported.chain, started: Cell::new(0) })
    }

    /// Where the image's topmost layer is on disk.
    pub fn content(&self, layers: &LayerStore) -> Result<PathBuf> {
        let layer = layers.layer(&self.image)?.context("the image is gone")?;
        Ok(layers.driver().content(&layer.cache_id))
    }

    /// Returns when the change is made.
    pub fn start(&self, change: &str, show: &str) -> Result<Running<'_>> {
        self.started.set(self.started.get() + 1);
        let name = format!("{}-{}", self.name, self.started.get());
        let mut command = this_program()?;
        command.args(self.flags.as_args()).args(["run", "--name", &name, &self.name]);
        let mut run = TourRun::start(command.args(["sh", "-c", &format!("{change}; {show}; read line")]))?;
        run.wait_for_output()?;
        let (_, state) = self.store.containers().find(&name)?;
        let pid = state.process().pid;
        Ok(Running { _scene: self, name, pid, run })
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        let _ = self.store.remove(&self.name);
    }
}

impl Running<'_> {
    /// The next line that it prints.
    pub fn line(&mut self) -> Result<String> {
        self.run.line()
    }

    /// Where its layer is on disk.
    pub fn content(&self, layers: &LayerStore) -> Result<PathBuf> {
        let (_, state) = layers.containers().find(&self.name)?;
        Ok(layers.driver().content(&layers.container(&state.id)?.mount_id))
    }

    /// As `diff` prints them.
    pub fn changes(&self, layers: &LayerStore) -> Result<Vec<String>> {
        let (_, state) = layers.containers().find(&self.name)?;
        let record = layers.container(&state.id)?;
        let below = layers.cache_ids(&record.image)?;
        let changes = layers.driver().changes(&record.mount_id, &below)?;
        Ok(changes.iter().map(|change| format!("{} {}", change.kind, change.path.display())).collect())
    }

    /// Ends it, and waits until it is removed.
    pub fn end(mut self) -> Result<()> {
        self.run.end().map(drop)
    }
}

/// Two files.
fn archive() -> Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    for (name, text) in [("srv/old", "yesterday's news\n"), ("srv/page", "first edition\n")] {
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        archive.append_data(&mut header, name, text.as_bytes())?;
    }
    Ok(archive.into_inner()?)
}
