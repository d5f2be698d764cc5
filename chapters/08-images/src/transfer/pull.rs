//! `pull`: an image from a registry.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Error, Result, bail, ensure};
use ch01_namespaces::Privilege;
use ch02_rootfs::import::Options;
use ch04_unionfs::digest::Digest;

pub use super::download::Progress;
use super::download::fetch;
pub use super::registry::Credentials;
use super::registry::Registry;
use crate::Reference;
use crate::config::{ImageConfig, architecture_here};
use crate::layout::{Descriptor, Found, Growing, ImageStore, Index, MOST_JSON, Manifest, Unpacking, media_type};

/// How many blobs are downloaded at once: Docker's number.
const AT_ONCE: usize = 3;

// ANCHOR: pull
/// Pulls the manifest, the configuration and the missing layers. Each must have the digest that the
/// previous object gives for it, so a registry can't send different content.
pub fn pull(
    images: &ImageStore,
    name: &Reference,
    credentials: Option<Credentials>,
    progress: &mut Progress<'_>,
) -> Result<Found> {
    let _growing = images.growing()?;
    let mut registry = Registry::for_reference(name, credentials)?;
    let asked = name.digest.map(|digest| digest.to_string()).or(name.tag.clone()).context("no tag")?;
    let (mut kind, mut bytes) = registry.manifest(&asked)?;
    check(&bytes, name.digest.as_ref())?;
    if matches!(kind.as_str(), media_type::INDEX | media_type::DOCKER_LIST) {
        let index: Index = serde_json::from_slice(&bytes).context("the index can't be read")?;
        let chosen = choose(&index.manifests)?;
        (kind, bytes) = registry.manifest(&chosen.digest.to_string())?;
        check(&bytes, Some(&chosen.digest))?;
    }
    let manifest: Manifest = serde_json::from_slice(&bytes).context("the manifest can't be read")?;
    ensure!(manifest.layers.len() <= 127, "the image has {} layers; 127 can be united", manifest.layers.len());
    check_sizes(&manifest)?;
    let alone = (&Growing::default(), &AtomicBool::new(false));
    fetch(images, &mut registry, &manifest.config, alone.0, &mut |_, _, _, _| {}, alone.1)?;
    let config = ImageConfig::parse(&images.read_json_blob(&manifest.config.digest)?)?;
    config.check_platform()?;
    let mut unpacking = images.begin_unpacking(&manifest, &config)?;
    fetch_layers(images, &registry, &manifest, &mut unpacking, progress)?;
    let descriptor = Descriptor::new(&kind, images.put_bytes(&bytes)?);
    images.arriving("pull").add_unpacked(&mut unpacking, &descriptor, Some(name))?;
    drop(unpacking);
    Ok(Found::new(descriptor, manifest, config, Some(name.clone())))
}
// ANCHOR_END: pull

/// A blob's short name, what happens to it, bytes so far and in all.
type News = (String, String, u64, u64);

/// What the threads of a pull share.
struct Pulling<'a> {
    images: &'a ImageStore,
    layers: Vec<(&'a Descriptor, Growing)>,
    /// The number of the layer that is fetched next.
    next: Mutex<usize>,
    stop: AtomicBool,
    /// What failed first: the rest fails because of it.
    failed: Mutex<Option<Error>>,
}

// ANCHOR: fetch_layers
/// Downloads the layers, some at once, and unpacks them meanwhile, the lowest first. After an error
/// all of it ends.
///
/// An ordinary user who isn't in a user namespace yet needs another process to unpack, and a
/// process with threads must not be forked. So their layers are unpacked when all are here.
fn fetch_layers(
    images: &ImageStore,
    registry: &Registry,
    manifest: &Manifest,
    unpacking: &mut Unpacking<'_>,
    progress: &mut Progress<'_>,
) -> Result<()> {
    let layers: Vec<_> = manifest.layers.iter().map(|layer| (layer, Growing::default())).collect();
    let pulling =
        &Pulling { images, layers, next: Mutex::new(0), stop: AtomicBool::new(false), failed: Mutex::new(None) };
    let can_follow = Privilege::current().is_root();
    let (sender, news) = channel::<News>();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(manifest.layers.len()) {
            let (sender, mut registry) = (sender.clone(), registry.clone());
            scope.spawn(move || pulling.download(&mut registry, &sender));
        }
        if can_follow {
            let unpacking = &mut *unpacking;
            scope.spawn(move || pulling.unpack(unpacking, &sender));
        } else {
            drop(sender);
        }
        for (id, status, current, total) in news {
            progress(&id, &status, current, total);
        }
    });
    let failure = || pulling.failed.lock().unwrap_or_else(PoisonError::into_inner);
    if !can_follow && failure().is_none() {
        let (sender, news) = channel::<News>();
        pulling.unpack(unpacking, &sender);
        drop(sender);
        news.into_iter().for_each(|(id, status, current, total)| progress(&id, &status, current, total));
    }
    let failed = failure().take();
    failed.map_or(Ok(()), Err)
}

impl Pulling<'_> {
    /// One of the threads that download: one layer after the other.
    fn download(&self, registry: &mut Registry, sender: &Sender<News>) {
        let mut tell = |id: &str, status: &str, current, total| {
            let _ = sender.send((id.into(), status.into(), current, total));
        };
        loop {
            let number = {
                let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
                *next += 1;
                *next - 1
            };
            let Some((blob, growing)) = self.layers.get(number) else { return };
            // In any case, inform the thread that waits for this layer.
            let mut ends = Ends { growing, is_whole: false };
            if self.stop.load(Ordering::Relaxed) {
                continue;
            }
            match fetch(self.images, registry, blob, growing, &mut tell, &self.stop) {
                Ok(()) => ends.is_whole = true,
                Err(error) => self.fail(error),
            }
        }
    }

    /// Unpacks each layer, while it comes or when it is here.
    fn unpack(&self, unpacking: &mut Unpacking<'_>, sender: &Sender<News>) {
        while let Some((blob, growing)) = self.layers.get(unpacking.done()) {
            // The end of the archive may come before that of the blob.
            match unpacking.next(|| Ok(growing.follow())) {
                Ok(()) if growing.wait() => {}
                Ok(()) => return,
                Err(error) => return self.fail(error),
            }
            let _ = sender.send((blob.digest.short(), "Pull complete".into(), 0, 0));
        }
    }

    fn fail(&self, error: Error) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.stop.store(true, Ordering::Relaxed);
    }
}
// ANCHOR_END: fetch_layers

struct Ends<'a> {
    growing: &'a Growing,
    is_whole: bool,
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.growing.end(self.is_whole);
    }
}

/// What the manifest promises would be downloaded, and only then turn out to be useless.
fn check_sizes(manifest: &Manifest) -> Result<()> {
    let (config, most) = (manifest.config.size, Options::default().most_bytes);
    ensure!(config <= MOST_JSON, "the image has a configuration of {config} bytes: more than {MOST_JSON} is none");
    match manifest.layers.iter().find(|layer| layer.size > most) {
        Some(layer) => bail!("the image has a layer of {} bytes: more than {most} are not unpacked", layer.size),
        None => Ok(()),
    }
}

fn check(bytes: &[u8], expected: Option<&Digest>) -> Result<()> {
    let digest = Digest::compute(bytes);
    match expected {
        Some(expected) if *expected != digest => {
            bail!("the registry gave another manifest than was asked for: {digest}, not {expected}")
        }
        _ => Ok(()),
    }
}

// ANCHOR: choose
/// The manifest for this machine.
pub fn choose(manifests: &[Descriptor]) -> Result<&Descriptor> {
    let is_ours =
        |entry: &&Descriptor| entry.platform["os"] == "linux" && entry.platform["architecture"] == architecture_here();
    manifests.iter().find(is_ours).with_context(|| {
        let offered: Vec<String> = manifests
            .iter()
            .filter_map(|entry| {
                Some(format!("{}/{}", entry.platform["os"].as_str()?, entry.platform["architecture"].as_str()?))
            })
            .collect();
        format!(
            "no matching manifest for linux/{} in the manifest list: it has {}",
            architecture_here(),
            offered.join(", ")
        )
    })
}
// ANCHOR_END: choose

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_manifest_for_this_machine_is_chosen_and_the_others_are_named() {
        let entry = |os: &str, architecture: &str| -> Descriptor {
            let digest = Digest::compute(architecture.as_bytes());
            let platform = json!({"os": os, "architecture": architecture});
            serde_json::from_value(json!({"digest": digest, "size": 1, "platform": platform})).unwrap()
        };
        let list = [entry("windows", architecture_here()), entry("linux", "mips"), entry("linux", architecture_here())];
        assert_eq!(choose(&list).unwrap().platform["os"], "linux");
        assert!(choose(&list[..2]).unwrap_err().to_string().contains("linux/mips"));
    }
}
