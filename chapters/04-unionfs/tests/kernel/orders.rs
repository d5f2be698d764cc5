//! Whiteouts and the files of their own layer: which comes first in an archive doesn't matter. (OCI
//! image-spec, layer.md: whiteouts are about the layers below.)

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use anyhow::{Context, Result, ensure};
use tar::EntryType;
use testkit::{Case, cases};

use crate::archives::{Archive, TIME};
use crate::running::{Running, World, format_output, refused, succeeds, with_both};

pub fn cases() -> Vec<Case> {
    cases![
        a_whiteout_where_nothing_is_below_is_seen_by_nobody,
        a_file_wins_over_its_own_layers_whiteout_in_either_order,
        a_directory_wins_over_its_own_layers_whiteout_and_has_nothing_of_the_old,
        an_opaque_marker_keeps_files_whose_directory_has_no_entry,
        a_name_that_means_a_deletion_is_not_committed,
        fifos_are_committed,
        a_hard_link_to_a_file_below_is_another_name_of_it,
        a_hard_link_to_what_the_layer_deletes_is_refused,
        the_roots_own_entry_gives_its_mode_and_time,
    ]
}

fn below() -> Archive {
    Archive::new()
        .directory("etc/")
        .file("etc/passwd", "old")
        .file("etc/group", "old")
        .directory("tree/")
        .file("tree/f", "f")
        .link("way", "etc")
}

/// What a container on a layer with these entries sees in a directory.
fn names_on(world: &World, layer: Archive, directory: &str) -> Result<Vec<String>> {
    world.layer("child", Some("base"), &layer.end())?;
    let running = Running::start(world, &[], "child", "true")?;
    crate::running::names(&running.root().join(directory))
}

fn a_whiteout_where_nothing_is_below_is_seen_by_nobody() -> Result<()> {
    with_both(|world| {
        world.base(below().file("etc/.wh.nothing", ""))?;
        let opaque = |archive: Archive| archive.file("etc/.wh..wh..opq", "");
        let deletes =
            |archive: Archive| archive.file("etc/.wh.passwd", "").file("etc/sub/.wh.x", "").file("etc/own", "");
        for (order, layer) in [("first", deletes(opaque(Archive::new()))), ("last", opaque(deletes(Archive::new())))] {
            let found = names_on(world, layer, "etc")?;
            // A start makes the files that it mounts on.
            let found: Vec<_> =
                found.iter().filter(|name| !name.starts_with("host") && *name != "resolv.conf").collect();
            ensure!(found == ["own"] || found == ["own", "sub"], "opaque {order}: {found:?}");
        }
        let found = names_on(world, Archive::new().directory("new/").file("new/.wh.x", "").file("new/y", ""), "new")?;
        ensure!(found == ["y"], "{found:?}");
        world.layer("alone", None, &Archive::new().directory("d/").file("d/.wh.x", "").file("d/y", "").end())?;
        world.layer("base", Some("programs"), &world.export("alone")?)?;
        let found = names_on(world, Archive::new(), "d")?;
        ensure!(found == ["y"], "{found:?}");
        Ok(())
    })
}

fn a_file_wins_over_its_own_layers_whiteout_in_either_order() -> Result<()> {
    with_both(|world| {
        world.base(below())?;
        for layer in [
            Archive::new().file("etc/passwd", "new").file("etc/.wh.passwd", ""),
            Archive::new().file("etc/.wh.passwd", "").file("etc/passwd", "new"),
        ] {
            world.layer("child", Some("base"), &layer.end())?;
            let running = Running::start(world, &[], "child", "true")?;
            ensure!(fs::read_to_string(running.root().join("etc/passwd")).context("it was deleted")? == "new");
        }
        Ok(())
    })
}

fn a_directory_wins_over_its_own_layers_whiteout_and_has_nothing_of_the_old() -> Result<()> {
    with_both(|world| {
        world.base(below())?;
        for layer in [
            Archive::new().directory("tree/").file("tree/new", "").file(".wh.tree", ""),
            Archive::new().file("tree/new", "").file(".wh.tree", ""),
            Archive::new().file("tree/new", "").file("tree/.wh.f", "").file(".wh.tree", ""),
        ] {
            let found = names_on(world, layer, "tree")?;
            ensure!(found == ["new"], "{found:?}");
        }
        Ok(())
    })
}

fn an_opaque_marker_keeps_files_whose_directory_has_no_entry() -> Result<()> {
    with_both(|world| {
        world.base(below())?;
        let found = names_on(world, Archive::new().file("tree/a", "").file("tree/.wh..wh..opq", ""), "tree")?;
        ensure!(found == ["a"], "{found:?}");
        Ok(())
    })
}

fn a_name_that_means_a_deletion_is_not_committed() -> Result<()> {
    with_both(|world| {
        world.base(below())?;
        for (index, name) in ["/etc/.wh.passwd", "/etc/.wh..wh..opq", "/.wh.d/f"].iter().enumerate() {
            let container = format!("c{index}");
            world.create(&container, "base", &format!("mkdir -p /.wh.d; touch {name}"))?;
            let before = world.on_disk()?;
            let error = refused(&mut world.verb(&["commit"], &[&container, "next"]), 125)?;
            ensure!(error.contains(".wh.") && error.contains("cause: ") && error.contains("cure: "), "{error}");
            ensure!(world.on_disk()? == before, "{:?}", world.on_disk()?);
            world.remove_container(&container)?;
        }
        Ok(())
    })
}

fn fifos_are_committed() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new().entry(EntryType::Fifo, "below", "", b"", 0o600))?;
        world.create("one", "base", "chmod 640 /below")?;
        let chain = succeeds(&mut world.verb(&["commit"], &["one", "next"]))?;
        let fifo = fs::symlink_metadata(world.content(&chain)?.join("below"))?;
        ensure!(fifo.file_type().is_fifo() && fifo.mode() & 0o7777 == 0o640, "{fifo:?}");
        world.remove_container("one")
    })
}

fn a_hard_link_to_a_file_below_is_another_name_of_it() -> Result<()> {
    with_both(|world| {
        world.base(below())?;
        let links = Archive::new().hard_link("again", "etc/passwd").hard_link("tree/third", "way/passwd");
        world.layer("child", Some("base"), &links.end())?;
        let running = Running::start(world, &[], "child", "true")?;
        let root = running.root();
        for name in ["again", "tree/third"] {
            ensure!(fs::read_to_string(root.join(name))? == "old", "{name}");
        }
        let inode = |name: &str| fs::metadata(root.join(name)).map(|meta| (meta.ino(), meta.nlink()));
        ensure!(inode("again")? == inode("etc/passwd")? && inode("again")?.1 == 3, "{:?}", inode("again")?);
        let mode = fs::metadata(root.join("etc/passwd"))?;
        ensure!(mode.mode() & 0o7777 == 0o644 && mode.mtime() == TIME as i64, "{mode:?}");
        Ok(())
    })
}

fn a_hard_link_to_what_the_layer_deletes_is_refused() -> Result<()> {
    let world = World::overlay2()?;
    world.base(below())?;
    let layer = Archive::new().file("etc/.wh.passwd", "").hard_link("again", "etc/passwd");
    let output = world.import("child", Some("base"), &layer.end())?;
    ensure!(
        output.status.code() == Some(125) && format_output(&output).contains("deletes"),
        "{}",
        format_output(&output)
    );
    Ok(())
}

fn the_roots_own_entry_gives_its_mode_and_time() -> Result<()> {
    with_both(|world| {
        world.base(below())?;
        let child = Archive::new().entry(EntryType::Directory, "./", "", b"", 0o1751).file("./f", "f");
        let chain = world.layer("child", Some("base"), &child.end())?;
        let root = fs::metadata(world.content(&chain)?)?;
        ensure!((root.mode() & 0o7777, root.mtime()) == (0o1751, TIME as i64), "{root:?}");
        let mode = fs::metadata(Running::start(world, &[], "child", "true")?.root())?.mode();
        ensure!(mode & 0o7777 == 0o1751, "{mode:o}");
        Ok(())
    })
}
