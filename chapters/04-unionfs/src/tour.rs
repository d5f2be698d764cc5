//! The tour: two containers on one image; one deletes a file, one changes a file, and the image
//! stays as it is.

mod disk;
mod scene;

use anyhow::{Context, Result};
use ch01_namespaces::narration::{Narration, TourFlags, fitted};
use ch01_namespaces::{StoreFlags, say};

use crate::driver::{self, candidates};
use crate::store::LayerStore;
use crate::verbs::format_size;
use disk::{bytes_on_disk, first_line, kept_as};
use scene::{Running, Scene};

/// Shows it.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let layers = LayerStore::open(store, None)?;
    let scene = Scene::set(store, &layers)?;
    let narration = flags.begin();
    narration.title("Chapter 4: layers, and the file system that unites them")?;
    say!("So far each container had its own full copy of a root file system. An image is");
    say!("made of layers instead, which are read-only, stored once and shared. Each");
    say!("container adds one writable layer.");
    narration.pause()?;

    image(&narration, &layers, &scene)?;
    let (one, two) = containers(&narration, &layers, &scene)?;
    let has_overlay = layers.driver().name() == driver::Name::Overlay2;
    if has_overlay {
        as_the_kernel_keeps_it(&narration, &layers, &one, &two)?;
    }
    counted_once(&narration, &layers, &scene, &one, &two)?;
    one.end()?;
    two.end()?;
    if !has_overlay {
        left_out(&narration, &layers)?;
    }
    narration.title("Your turn")?;
    say!("  cargo run -p ch04-unionfs -- run hostbox sh      a shell on layers");
    say!("  cargo run -p ch04-unionfs -- layer ls            the layers in the store");
    say!("  cargo run -p ch04-unionfs -- info                the storage driver, and why");
    say!("  cargo wb                                         the exercises");
    Ok(0)
}

fn image(narration: &Narration, layers: &LayerStore, scene: &Scene<'_>) -> Result<()> {
    narration.title("An image: layers on layers")?;
    say!("The tour has imported an archive with two files as a layer on top of hostbox, a");
    say!("layer with this machine's programs. A digest of its content names a layer.");
    say!("");
    for layer in layers.stack(&scene.image)? {
        let name = if layer.chain == scene.image { "two files" } else { crate::hostbox::NAME };
        say!("  {:<10} sha256:{}…  {:>8}", name, &layer.chain.hex()[..40], format_size(layer.size));
    }
    say!("");
    say!("Storage Driver: {}", layers.driver().name());
    narration.pause()
}

fn containers<'a>(
    narration: &Narration,
    layers: &LayerStore,
    scene: &'a Scene<'a>,
) -> Result<(Running<'a>, Running<'a>)> {
    narration.title("Two containers on the image")?;
    let page = |when: &str| -> Result<()> {
        let image = scene.content(layers)?;
        say!("  the image on disk, {when:<6}  old: {}", first_line(&image.join("srv/old")));
        say!("  {:<26} page: {}", "", first_line(&image.join("srv/page")));
        Ok(())
    };
    page("before")?;
    let delete = "rm /srv/old";
    let change = "echo second edition >/srv/page";
    let mut one = scene.start(delete, "ls /srv")?;
    let mut two = scene.start(change, "cat /srv/page")?;
    say!("");
    say!("  container one {:<32} ls /srv: {}", delete, one.line()?);
    say!("  container two {:<32} page: {}", change, two.line()?);
    say!("");
    page("after")?;
    say!("");
    for (name, container) in [("one", &one), ("two", &two)] {
        let changes: Vec<_> = container.changes(layers)?;
        say!("  diff {name}   {}", fitted(&changes.join("   "), 66));
    }
    say!("");
    say!("Each container sees only its own change, and the image hasn't changed.");
    narration.pause()?;
    Ok((one, two))
}

fn as_the_kernel_keeps_it(narration: &Narration, layers: &LayerStore, one: &Running, two: &Running) -> Result<()> {
    narration.title("The layers on disk")?;
    say!("The union file system is overlayfs. It is mounted in each container's mount");
    say!("namespace. The kernel shows these options for the root of container one (lower");
    say!("directories: the topmost first):");
    say!("");
    let mounts = std::fs::read_to_string(format!("/proc/{}/mountinfo", one.pid)).context("cannot read mountinfo")?;
    let root = mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).unwrap_or_default();
    let options = root.rsplit(' ').next().unwrap_or_default();
    for option in options.split(',').filter(|option| option.contains("dir") && !option.starts_with("redirect")) {
        say!("  {}", fitted(option, 76));
    }
    say!("");
    say!("The upper directories contain only the changes:");
    say!("");
    say!("  container one  srv/old    {}", kept_as(&one.content(layers)?.join("srv/old"))?);
    say!("  container two  srv/page   {}", kept_as(&two.content(layers)?.join("srv/page"))?);
    say!("");
    say!("A character device with the number 0:0 is a whiteout. It hides the file in the");
    say!("layer below, which stays because other containers use it.");
    narration.pause()
}

fn counted_once(
    narration: &Narration,
    layers: &LayerStore,
    scene: &Scene<'_>,
    one: &Running,
    two: &Running,
) -> Result<()> {
    narration.title("Disk space, each block counted once")?;
    let image: Vec<_> =
        layers.stack(&scene.image)?.iter().map(|layer| layers.driver().content(&layer.cache_id)).collect();
    // With vfs the topmost layer is a copy of those below, and each container one more.
    let image = bytes_on_disk(&image);
    let own = [one, two].map(|container| container.content(layers).map(|content| bytes_on_disk(&[content])));
    let [one, two] = own;
    let (one, two) = (one?, two?);
    say!("  the image             {:>8}", format_size(image));
    say!("  container one adds    {:>8}", format_size(one));
    say!("  container two adds    {:>8}", format_size(two));
    say!("  together              {:>8}", format_size(image + one + two));
    narration.pause()
}

fn left_out(narration: &Narration, layers: &LayerStore) -> Result<()> {
    narration.title("What is left out, and how to get it")?;
    say!("This store uses the driver vfs, which copies the image for each container. So");
    say!("the tour can't show whiteouts and the overlayfs mount. About overlay2:");
    say!("");
    let refusal = candidates(layers.data_root()).into_iter().find_map(|candidate| candidate.refusal);
    let refusal = refusal.unwrap_or_else(|| "it works here, but this store was made with vfs".into());
    for line in refusal.lines() {
        say!("  {}", fitted(line, 76));
    }
    say!("");
    say!("  cargo wb vm -- target/debug/ch04-unionfs    this tour, where it works");
    narration.pause()
}
