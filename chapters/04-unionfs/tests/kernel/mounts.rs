//! Both ways to mount the union, and how many layers each takes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ch04_unionfs::mechanisms::OverlayMount;
use nix::mount::{MsFlags, mount, umount};
use testkit::{Case, cases, needs, root_cases};

use crate::archives::Archive;
use crate::running::{Running, World, format_output};

pub fn cases() -> Vec<Case> {
    let mut cases = root_cases![
        one_by_one_takes_128_layers_whatever_their_names,
        in_one_string_takes_128_layers_by_short_names,
        a_mount_that_is_refused_is_told_in_the_kernels_words,
    ];
    cases.extend(cases![a_hundred_and_twenty_eight_layers_run_and_one_more_is_not_imported,]);
    cases
}

/// 127 layers below, of which each has a file of its own and one that all have.
fn layers() -> Result<OverlayMount> {
    // A file system that can be an upper one, and whose mounts don't reach anybody.
    fs::create_dir("/tmp/store")?;
    mount(Some("lab"), "/tmp/store", Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    std::env::set_current_dir("/tmp/store")?;
    for name in ["upper", "work", "merged", "l"] {
        fs::create_dir(name)?;
    }
    let name = |index: usize| format!("l/{:0>26}", index);
    for index in 0..127 {
        fs::create_dir(name(index))?;
        fs::write(format!("{}/own{index}", name(index)), "")?;
        fs::write(format!("{}/all", name(index)), index.to_string())?;
    }
    Ok(OverlayMount {
        lower: (0..127).map(name).collect(),
        upper: "upper".into(),
        work: "work".into(),
        merged: "merged".into(),
        user_attributes: needs::root().is_err(),
    })
}

fn check(how: &str) -> Result<()> {
    let found = crate::running::names(Path::new("merged"))?;
    ensure!(found.len() == 128, "{how}: {} names", found.len());
    ensure!(fs::read_to_string("merged/all")? == "0", "{how}: not the topmost layer");
    fs::write("merged/all", "changed")?;
    fs::remove_file("merged/own126")?;
    ensure!(fs::read_to_string("upper/all")? == "changed");
    let mounts = lab::observe::mountinfo(std::process::id() as i32)?;
    let overlay = mounts.iter().find(|mount| mount.file_system == "overlay").context("no overlay")?;
    ensure!(!overlay.super_options.iter().any(|option| option == "metacopy=on" || option == "index=on"), "{overlay:?}");
    umount("merged").context("umount")
}

/// Where this file system, in this user namespace, can't be an upper layer, nothing is to be
/// claimed.
fn need_overlay() -> Result<()> {
    World::overlay2().map(drop)
}

fn one_by_one_takes_128_layers_whatever_their_names() -> Result<()> {
    need_overlay()?;
    let mut union = layers()?;
    fs::rename(&union.lower[5], "l/a:b,c\\d")?;
    union.lower[5] = "l/a:b,c\\d".into();
    let mounted = union.mount_one_by_one(Path::new("/tmp/store/merged"));
    if let Err(error) = &mounted {
        needs::that(!format!("{error:#}").contains("EINVAL"), "lowerdir+ of overlayfs, of Linux 6.7 or later")?;
    }
    mounted?;
    check("one by one")
}

fn in_one_string_takes_128_layers_by_short_names() -> Result<()> {
    need_overlay()?;
    let union = layers()?;
    let length: usize = union.lower.iter().map(|name| name.len() + 1).sum();
    ensure!(length < 4096, "{length} bytes don't fit into one page");
    union.mount_in_one_string(Path::new("/tmp/store/merged"))?;
    check("in one string")
}

fn a_mount_that_is_refused_is_told_in_the_kernels_words() -> Result<()> {
    need_overlay()?;
    let mut union = layers()?;
    union.lower.truncate(1);
    union.mount_one_by_one(Path::new("/tmp/store/merged"))?;
    // An upper layer on overlayfs.
    for name in ["upper", "work", "merged", "l"] {
        fs::create_dir(format!("merged/{name}"))?;
    }
    fs::create_dir(format!("merged/{}", union.lower[0]))?;
    let refused = union.mount(Path::new("/tmp/store/merged"), Path::new("/tmp/store/merged/merged"));
    let error = format!("{:#}", refused.err().context("it was mounted")?);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    let release = (numbers.next(), numbers.next());
    needs::that(release >= (Some(6), Some(5)), "overlayfs of Linux 6.5 or later")?;
    ensure!(error.contains("the kernel says: ") && error.contains("EINVAL"), "{error}");
    Ok(())
}

fn a_hundred_and_twenty_eight_layers_run_and_one_more_is_not_imported() -> Result<()> {
    let world = World::overlay2()?;
    world.layer("programs", None, &crate::running::programs()?)?;
    let mut parent = "programs".to_string();
    for index in 1..127 {
        let name = format!("layer{index}");
        world.layer(&name, Some(&parent), &Archive::new().file(&format!("f{index}"), "").file("last", &name).end())?;
        parent = name;
    }
    let running = Running::start(&world, &[], &parent, "true")?;
    ensure!(fs::read_to_string(running.root().join("last"))? == "layer126");
    ensure!(running.root().join("f1").exists());
    drop(running);
    let before = world.on_disk()?;
    let output = world.import("full", Some(&parent), &Archive::new().file("x", "").end())?;
    let error = format_output(&output);
    ensure!(output.status.code() == Some(125) && error.contains("more than 127 layers"), "{error}");
    ensure!(error.contains("cause: ") && error.contains("cure: "), "{error}");
    ensure!(world.on_disk()? == before);
    Ok(())
}
