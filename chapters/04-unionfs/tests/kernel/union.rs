//! What holds for each storage driver, and between them.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use lab::observe;
use tar::EntryType;
use testkit::{Case, cases};

use crate::archives::Archive;
use crate::running::{Running, World, programs, succeeds, with_both};
use crate::trees::{Tree, expect_same, tree};

pub fn cases() -> Vec<Case> {
    cases![
        two_containers_on_one_image_change_it_for_themselves_alone,
        both_drivers_show_the_same_files_and_the_same_changes,
        a_commit_is_the_image_and_the_changes,
        what_is_deleted_is_deleted_for_layers_above_too,
        a_directory_that_was_deleted_and_made_again_has_nothing_of_the_old,
        what_was_deep_in_a_directory_that_was_made_again_is_deleted,
        an_opaque_marker_hides_what_is_below_and_nothing_of_its_own_layer,
        what_goes_out_comes_in_again_as_the_same_layer,
        directories_that_an_archive_takes_for_granted_are_those_below,
        a_layer_may_replace_a_directory_by_a_file_and_the_other_way,
        a_container_without_layers_below_runs,
        the_mount_is_the_containers_alone_and_ends_with_it,
        a_whiteout_on_disk_is_a_device_with_the_number_0_0,
        names_of_any_bytes_are_compared_and_committed,
    ]
}

fn image() -> Archive {
    Archive::new()
        .directory("data/")
        .file("data/kept", "kept")
        .file("data/deleted", "deleted")
        .file("data/changed", "old")
}

fn two_containers_on_one_image_change_it_for_themselves_alone() -> Result<()> {
    with_both(|world| {
        world.base(image())?;
        let chain = succeeds(&mut world.verb(&["layer", "ls"], &["--quiet"]))?;
        let before: Vec<Tree> = chain.lines().map(|chain| tree(&world.content(chain)?)).collect::<Result<_>>()?;
        let one = Running::start(world, &[], "base", "rm /data/deleted")?;
        let two =
            Running::start(world, &[], "base", "echo new >/data/changed; mkdir /data/more; echo a >/data/more/a")?;
        let names = |running: &Running| crate::running::names(&running.root().join("data"));
        ensure!(names(&one)? == ["changed", "kept"], "{:?}", names(&one)?);
        ensure!(names(&two)? == ["changed", "deleted", "kept", "more"], "{:?}", names(&two)?);
        let text = |running: &Running| fs::read_to_string(running.root().join("data/changed"));
        ensure!(text(&one)? == "old" && text(&two)? == "new\n");
        drop((one, two));
        let after: Vec<Tree> = chain.lines().map(|chain| tree(&world.content(chain)?)).collect::<Result<_>>()?;
        for (before, after) in before.iter().zip(&after) {
            expect_same("a layer of the image before and after", before, after)?;
        }
        // Both containers are gone, and so are their layers.
        let layers = world.on_disk()?.len();
        ensure!(layers == if world.driver == "vfs" { 4 } else { 6 }, "{:?}", world.on_disk()?);
        Ok(())
    })
}

const CHANGES: &str = "rm -r /data/deleted; echo new >/data/changed; mkdir -p /a/b; echo x >/a/b/c; ln -s c /a/b/l; \
                       chmod 700 /data; rm -r /home; mkdir /home; echo h >/home/h; rm -r /tree/sub; cp -p /data/kept /copy; \
                       touch /tree/now; ln /a/b/c /a/hard";

fn full_image() -> Archive {
    image()
        .directory("tree/")
        .file("tree/f", "f")
        .directory("tree/sub/")
        .file("tree/sub/g", "g")
        .link("tree/l", "sub/g")
}

fn both_drivers_show_the_same_files_and_the_same_changes() -> Result<()> {
    let shown = std::cell::RefCell::new(Vec::new());
    with_both(|world| {
        world.base(full_image())?;
        let inside = tree(&Running::start(world, &[], "base", "true")?.root())?;
        world.create("one", "base", CHANGES)?;
        shown.borrow_mut().push((inside, world.diff("one")?));
        Ok(())
    })?;
    let shown = shown.into_inner();
    expect_same("the merged root of vfs and of overlay2", &shown[0].0, &shown[1].0)?;
    ensure!(shown[0].1 == shown[1].1, "vfs:\n{}\noverlay2:\n{}", shown[0].1, shown[1].1);
    for line in ["D /data/deleted", "C /data/changed", "C /data", "A /a/b/l", "C /home", "A /home/h", "D /tree/sub"] {
        ensure!(shown[0].1.lines().any(|found| found == line), "{line} is missing in\n{}", shown[0].1);
    }
    Ok(())
}

fn a_commit_is_the_image_and_the_changes() -> Result<()> {
    let chains = std::cell::RefCell::new(Vec::new());
    with_both(|world| {
        world.base(full_image())?;
        let one = Running::start(world, &["--name", "one"], "base", CHANGES)?;
        let chain = succeeds(&mut world.verb(&["commit"], &["one", "next"]))?;
        let inside = tree(&one.root())?;
        let again = Running::start(world, &["--name", "two"], "next", "true")?;
        expect_same("the container and the commit", &inside, &tree(&again.root())?)?;
        ensure!(world.diff("two")?.is_empty(), "{}", world.diff("two")?);
        // The container goes on.
        ensure!(observe::children(one.child.id() as i32) == [one.pid], "the container is gone");
        let exported = list(&world.export("next")?)?;
        chains.borrow_mut().push((chain, exported));
        Ok(())
    })?;
    let chains = chains.into_inner();
    ensure!(chains[0].1 == chains[1].1, "exported by vfs: {:#?}\nby overlay2: {:#?}", chains[0].1, chains[1].1);
    Ok(())
}

/// What an archive holds, without the times of what a test made a moment ago.
fn list(archive: &[u8]) -> Result<Vec<String>> {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries()?.map(|entry| {
        let entry = entry?;
        let header = entry.header();
        let target = entry.link_name()?.map(|target| target.display().to_string()).unwrap_or_default();
        let (kind, mode, size) = (header.entry_type(), header.mode()?, header.size()?);
        Ok(format!(
            "{:?} {mode:o} {size} {}:{} {} {target}",
            kind,
            header.uid()?,
            header.gid()?,
            entry.path()?.display()
        ))
    });
    entries.collect()
}

fn what_is_deleted_is_deleted_for_layers_above_too() -> Result<()> {
    with_both(|world| {
        world.base(full_image())?;
        world.layer(
            "without",
            Some("base"),
            &Archive::new().file("data/.wh.deleted", "").file(".wh.tree", "").end(),
        )?;
        world.layer("above", Some("without"), &Archive::new().file("data/new", "new").end())?;
        let running = Running::start(world, &[], "above", "true")?;
        let data = crate::running::names(&running.root().join("data"))?;
        ensure!(data == ["changed", "kept", "new"] && !running.root().join("tree").exists(), "{data:?}");
        Ok(())
    })
}

fn a_directory_that_was_deleted_and_made_again_has_nothing_of_the_old() -> Result<()> {
    with_both(|world| {
        world.base(full_image())?;
        for (name, archive) in [
            ("entry", Archive::new().file(".wh.tree", "").directory("tree/").file("tree/new", "")),
            ("implied", Archive::new().file(".wh.tree", "").file("tree/new", "")),
        ] {
            world.layer(name, Some("base"), &archive.end())?;
            let running = Running::start(world, &[], name, "true")?;
            let found = crate::running::names(&running.root().join("tree"))?;
            ensure!(found == ["new"], "{name}: {found:?}");
        }
        Ok(())
    })
}

fn what_was_deep_in_a_directory_that_was_made_again_is_deleted() -> Result<()> {
    with_both(|world| {
        world.base(full_image())?;
        let running =
            Running::start(world, &["--name", "one"], "base", "rm -r /tree; mkdir -p /tree/sub; echo >/tree/sub/h")?;
        let diff = world.diff("one")?;
        ensure!(diff.lines().any(|line| line == "D /tree/sub/g"), "{diff}");
        succeeds(&mut world.verb(&["commit"], &["one", "next"]))?;
        let again = Running::start(world, &["--name", "two"], "next", "true")?;
        expect_same("the container and the commit", &tree(&running.root())?, &tree(&again.root())?)?;
        // And so it goes out of a layer.
        let exported = list(&world.export("next")?)?;
        ensure!(exported.iter().any(|line| line.contains("tree/sub/.wh.g")), "{exported:?}");
        Ok(())
    })
}

fn an_opaque_marker_hides_what_is_below_and_nothing_of_its_own_layer() -> Result<()> {
    with_both(|world| {
        world.base(full_image())?;
        let own = |archive: Archive| archive.directory("tree/sub/").file("tree/sub/own", "own").file("tree/own", "own");
        let marker = |archive: Archive| archive.file("tree/.wh..wh..opq", "");
        let first = own(marker(Archive::new().directory("tree/")));
        let last = marker(own(Archive::new().directory("tree/")));
        for (name, archive) in [("first", first), ("last", last)] {
            world.layer(name, Some("base"), &archive.end())?;
            let running = Running::start(world, &["--name", name], name, "true")?;
            let found = crate::running::names(&running.root().join("tree"))?;
            let sub = crate::running::names(&running.root().join("tree/sub"))?;
            ensure!(found == ["own", "sub"] && sub == ["own"], "the marker comes {name}: {found:?}, {sub:?}");
            // And out again: nothing of it is lost.
            let exported = list(&world.export(name)?)?;
            let deletes = |name: &str| exported.iter().any(|line| line.contains(name));
            ensure!(deletes("tree/.wh.f") && deletes("tree/.wh.l"), "{exported:?}");
        }
        Ok(())
    })
}

fn what_goes_out_comes_in_again_as_the_same_layer() -> Result<()> {
    with_both(|world| {
        world.base(full_image())?;
        world.create("one", "base", CHANGES)?;
        let chain = succeeds(&mut world.verb(&["commit"], &["one", "next"]))?;
        let archive = world.export("next")?;
        let again = world.layer("again", Some("base"), &archive)?;
        ensure!(chain == again, "committed as {chain}, imported as {again}");
        ensure!(archive == world.export("again")?, "two exports of one layer differ");
        Ok(())
    })
}

fn directories_that_an_archive_takes_for_granted_are_those_below() -> Result<()> {
    with_both(|world| {
        let base =
            Archive::new().entry(EntryType::Directory, "closed/", "", b"", 0o700).directory("usr/").directory("usr/b/");
        world.base(base.link("b", "usr/b").file("usr/b/tool", "tool"))?;
        world.layer("child", Some("base"), &Archive::new().file("closed/f", "f").file("b/new", "new").end())?;
        let running = Running::start(world, &[], "child", "true")?;
        let mode = fs::metadata(running.root().join("closed"))?.mode() & 0o7777;
        ensure!(mode == 0o700, "what was closed has the mode {mode:o}");
        ensure!(fs::read_link(running.root().join("b"))? == Path::new("usr/b"), "the link was hidden by a directory");
        let found = crate::running::names(&running.root().join("usr/b"))?;
        ensure!(found == ["new", "tool"], "{found:?}");
        Ok(())
    })
}

fn a_layer_may_replace_a_directory_by_a_file_and_the_other_way() -> Result<()> {
    with_both(|world| {
        world.base(full_image())?;
        let child = Archive::new().file("tree", "a file now").directory("data/changed/").file("data/changed/x", "x");
        world.layer("child", Some("base"), &child.end())?;
        let running = Running::start(world, &[], "child", "true")?;
        ensure!(fs::read_to_string(running.root().join("tree"))? == "a file now");
        ensure!(crate::running::names(&running.root().join("data/changed"))? == ["x"]);
        Ok(())
    })
}

fn a_container_without_layers_below_runs() -> Result<()> {
    with_both(|world| {
        world.layer("programs", None, &programs()?)?;
        let said = succeeds(&mut world.verb(&["run"], &["programs", "sh", "-c", "echo hello"]))?;
        ensure!(said == "hello", "{said}");
        Ok(())
    })
}

fn the_mount_is_the_containers_alone_and_ends_with_it() -> Result<()> {
    let world = World::overlay2()?;
    world.base(image())?;
    let before = fs::read_to_string("/proc/self/mountinfo")?;
    let running = Running::start(&world, &[], "base", "true")?;
    let mounts = observe::mountinfo(running.pid)?;
    let root = mounts.iter().find(|mount| mount.mount_point == Path::new("/")).context("no root")?;
    ensure!(root.file_system == "overlay", "{root:?}");
    let has = |option: &str| root.super_options.iter().any(|found| found.starts_with(option));
    ensure!(has("lowerdir") && has("upperdir=") && has("workdir="), "{root:?}");
    ensure!(fs::read_to_string("/proc/self/mountinfo")? == before, "the mount is seen out here");
    drop(running);
    let merged = fs::read_to_string("/proc/self/mountinfo")?;
    ensure!(merged == before, "left: {merged}");
    Ok(())
}

fn a_whiteout_on_disk_is_a_device_with_the_number_0_0() -> Result<()> {
    let world = World::overlay2()?;
    world.base(full_image())?;
    let running = Running::start(&world, &["--name", "one"], "base", "rm /data/deleted; rm -r /tree; mkdir /tree")?;
    let upper = world.content_of_container("one")?;
    let by_the_kernel = fs::symlink_metadata(upper.join("data/deleted"))?;
    ensure!(by_the_kernel.file_type().is_char_device() && by_the_kernel.rdev() == 0, "{by_the_kernel:?}");
    let chain = world.layer("child", Some("base"), &Archive::new().file("data/.wh.deleted", "").end())?;
    let by_us = fs::symlink_metadata(world.content(&chain)?.join("data/deleted"))?;
    ensure!(by_us.file_type().is_char_device() && by_us.rdev() == 0, "{by_us:?}");
    drop(running);
    Ok(())
}

fn names_of_any_bytes_are_compared_and_committed() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new())?;
        let script = r#"cd /tmp; : >"$(printf '\377\376')"; : >"$(printf 'new\nline')"; : >"$(printf 'a\033[2Jb')""#;
        world.create("one", "base", script)?;
        let diff = world.diff("one")?;
        ensure!(diff.lines().count() == 4 && !diff.contains('\u{1b}') && diff.contains("new\\nline"), "{diff:?}");
        let json = succeeds(&mut world.verb(&["diff", "--format", "json"], &["one"]))?;
        let json: serde_json::Value = serde_json::from_str(&json)?;
        ensure!(json.as_array().is_some_and(|all| all.len() == 4), "{json}");
        let chain = succeeds(&mut world.verb(&["commit"], &["one", "next"]))?;
        let names: Vec<_> =
            fs::read_dir(world.content(&chain)?.join("tmp"))?.flatten().map(|e| e.file_name()).collect();
        ensure!(names.iter().any(|name| name.as_encoded_bytes() == b"\xff\xfe"), "{names:?}");
        Ok(())
    })
}
