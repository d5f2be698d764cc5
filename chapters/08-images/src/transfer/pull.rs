//! `pull`: an image from a registry.

use std::io::{self, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use ch04_unionfs::digest::Digest;

pub use super::registry::Credentials;
use super::registry::Registry;
use crate::Reference;
use crate::config::{ImageConfig, architecture_here};
use crate::layout::{Descriptor, Found, ImageStore, Index, Manifest, media_type};

/// What happens meanwhile: a blob's short name, Docker's word for it, bytes so far and in all.
pub type Progress<'a> = dyn FnMut(&str, &str, u64, u64) + 'a;

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
    let mut registry = Registry::of(name, credentials)?;
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
    fetch(images, &mut registry, &manifest.config, &mut |_, _, _, _| {}, &AtomicBool::new(false))?;
    let config = ImageConfig::parse(&images.read_json_blob(&manifest.config.digest)?)?;
    config.check_platform()?;
    fetch_layers(images, &registry, &manifest, &config, progress)?;
    let stored = images.put_bytes(&bytes)?;
    images.add(Descriptor::new(&kind, stored), Some(name))
}
// ANCHOR_END: pull

/// What a downloading thread says.
enum News {
    Progress(String, &'static str, u64, u64),
    Done(usize, Result<()>),
}

// ANCHOR: fetch_layers
/// Downloads the layers, some at once, and unpacks each as soon as it and those below it are here.
/// After an error the other downloads end.
fn fetch_layers(
    images: &ImageStore,
    registry: &Registry,
    manifest: &Manifest,
    config: &ImageConfig,
    progress: &mut Progress<'_>,
) -> Result<()> {
    let mut unpacking = images.begin_unpacking(manifest, config)?;
    let queue = Mutex::new(manifest.layers.iter().enumerate());
    let stop = AtomicBool::new(false);
    let (sender, news) = channel();
    let result = thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(manifest.layers.len()) {
            let (sender, mut registry) = (sender.clone(), registry.clone());
            let (queue, stop) = (&queue, &stop);
            scope.spawn(move || {
                while let Some((index, blob)) = queue.lock().ok().and_then(|mut queue| queue.next()) {
                    let done = fetch_and_tell(images, &mut registry, blob, &sender, stop);
                    if stop.load(Ordering::Relaxed) || sender.send(News::Done(index, done)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut is_here = vec![false; manifest.layers.len()];
        for news in news {
            let done = match news {
                News::Progress(id, status, current, total) => {
                    progress(&id, status, current, total);
                    continue;
                }
                News::Done(index, done) => done.map(|()| is_here[index] = true),
            };
            let unpacked = done.and_then(|()| {
                while is_here.get(unpacking.done()) == Some(&true) {
                    let short = manifest.layers[unpacking.done()].digest.short();
                    unpacking.next()?;
                    progress(&short, "Pull complete", 0, 0);
                }
                Ok(())
            });
            if unpacked.is_err() {
                stop.store(true, Ordering::Relaxed);
                return unpacked;
            }
        }
        Ok(())
    });
    if result.is_err() {
        unpacking.give_up();
    }
    result
}
// ANCHOR_END: fetch_layers

fn fetch_and_tell(
    images: &ImageStore,
    registry: &mut Registry,
    blob: &Descriptor,
    sender: &Sender<News>,
    stop: &AtomicBool,
) -> Result<()> {
    let mut tell = |id: &str, status: &'static str, current, total| {
        let _ = sender.send(News::Progress(id.into(), status, current, total));
    };
    fetch(images, registry, blob, &mut tell, stop)
}

fn check(bytes: &[u8], expected: Option<&Digest>) -> Result<()> {
    let digest = Digest::of(bytes);
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

fn fetch(
    images: &ImageStore,
    registry: &mut Registry,
    blob: &Descriptor,
    progress: &mut dyn FnMut(&str, &'static str, u64, u64),
    stop: &AtomicBool,
) -> Result<()> {
    let short = blob.digest.short();
    if images.has_whole(blob) {
        progress(&short, "Already exists", 0, 0);
        return Ok(());
    }
    let size = blob.size;
    progress(&short, "Downloading", 0, size);
    let mut response = registry.blob(&blob.digest.to_string())?;
    let (mut passed, mut shown) = (0, 0);
    let counted = Counted {
        inner: response.body_mut().as_reader(),
        seen: |length| {
            if stop.load(Ordering::Relaxed) {
                return Err(io::Error::other("another layer could not be pulled"));
            }
            passed += length as u64;
            if passed - shown >= 1 << 20 {
                shown = passed;
                progress(&short, "Downloading", passed, size);
            }
            Ok(())
        },
    };
    let copied = images
        .put(counted, Some(&blob.digest), size)
        .with_context(|| format!("cannot download {} ({size} bytes)", blob.digest))?;
    ensure!(copied.size == size, "{} has {} bytes, and the manifest says {size}", blob.digest, copied.size);
    progress(&short, "Download complete", size, size);
    Ok(())
}

struct Counted<R, F> {
    inner: R,
    seen: F,
}

impl<R: Read, F: FnMut(usize) -> io::Result<()>> Read for Counted<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        (self.seen)(length)?;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_manifest_for_this_machine_is_chosen_and_the_others_are_named() {
        let entry = |os: &str, architecture: &str| -> Descriptor {
            let digest = Digest::of(architecture.as_bytes());
            let platform = json!({"os": os, "architecture": architecture});
            serde_json::from_value(json!({"digest": digest, "size": 1, "platform": platform})).unwrap()
        };
        let list = [entry("windows", architecture_here()), entry("linux", "mips"), entry("linux", architecture_here())];
        assert_eq!(choose(&list).unwrap().platform["os"], "linux");
        assert!(choose(&list[..2]).unwrap_err().to_string().contains("linux/mips"));
    }
}
