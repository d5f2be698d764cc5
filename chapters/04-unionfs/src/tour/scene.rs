//! The image and the containers that the tour plays with.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Failure, StoreFlags};
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
    me: PathBuf,
    started: Cell<usize>,
}

/// A container that runs until its stdin ends.
pub(super) struct Running<'a> {
    scene: &'a Scene<'a>,
    name: String,
    pub pid: i32,
    run: Child,
    stdout: BufReader<ChildStdout>,
}

impl Scene<'_> {
    /// Imports the image. It goes away with the scene.
    pub fn set<'a>(flags: &'a StoreFlags, store: &LayerStore) -> Result<Scene<'a>> {
        let programs = hostbox::layer(store)?;
        let name = format!("tour-{}", std::process::id());
        let archive = archive().context("cannot make an archive in memory")?;
        let imported = import(store, Some(programs), Some(&name), || Ok(archive.as_slice()))?;
        let me = std::env::current_exe().context("cannot find this program's own file")?;
        Ok(Scene { flags, store: store.clone(), name, image: imported.chain, me, started: Cell::new(0) })
    }

    /// Where the image's topmost layer is on disk.
    pub fn content(&self, layers: &LayerStore) -> Result<PathBuf> {
        let layer = layers.layer(&self.image)?.context("the image is gone")?;
        Ok(layers.driver().content(&layer.cache_id))
    }

    /// Our own `run`: the tour shows what everybody can do. Returns when the change is made.
    pub fn start(&self, change: &str, show: &str) -> Result<Running<'_>> {
        self.started.set(self.started.get() + 1);
        let name = format!("{}-{}", self.name, self.started.get());
        let mut run = Command::new(&self.me)
            .args(self.flags.as_args())
            .args(["run", "--name", &name, &self.name, "sh", "-c", &format!("{change}; {show}; read line")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start this program again")?;
        let mut stdout = BufReader::new(run.stdout.take().context("no stdout")?);
        // It has printed something: it runs, and its state is on disk.
        if stdout.fill_buf()?.is_empty() {
            let mut message = String::new();
            run.stderr.take().context("no stderr")?.read_to_string(&mut message)?;
            let code = run.wait()?.code().unwrap_or(125) as u8;
            let message = message.trim().trim_start_matches("ch04-unionfs: ").to_string();
            bail!(Failure::new(code, format!("no container can be made here, so the tour ends early:\n{message}")));
        }
        let (_, state) = self.store.containers().find(&name)?;
        let pid = state.process().pid;
        Ok(Running { scene: self, name, pid, run, stdout })
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
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        Ok(line.trim().to_string())
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

    /// Ends it, and waits until it is removed. (When the tour is interrupted, its stdin ends as well.)
    pub fn end(mut self) -> Result<()> {
        drop(self.run.stdin.take());
        self.run.wait()?;
        Ok(())
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        drop(self.run.stdin.take());
        let _ = self.run.wait();
        let _ = self.scene;
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
