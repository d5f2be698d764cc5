//! What must never cost a layer: another state root, a file of names that is gone, a lock that
//! somebody holds.

use std::fs::{self, File};
use std::process::Stdio;

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::archives::Archive;
use crate::running::{Running, World, format_output, refused, succeeds, with_both};

pub fn cases() -> Vec<Case> {
    cases![
        a_container_of_another_state_root_keeps_its_layer_also_when_it_has_ended,
        without_the_file_of_names_no_layer_is_removed,
        a_removal_lists_the_topmost_layer_first,
        a_name_goes_although_a_container_stands_on_shared_layers_below,
        the_cure_for_a_layer_in_use_is_one_that_works,
        layers_are_listed_by_name,
        a_container_of_the_other_driver_is_told_with_the_flag,
        no_command_waits_for_who_removes_layers,
        an_archive_given_as_an_operand_is_told_with_the_cure,
        an_archive_of_an_unknown_compression_is_told_with_the_cure,
    ]
}

fn small(name: &str) -> Vec<u8> {
    Archive::new().file(name, name).end()
}

fn a_container_of_another_state_root_keeps_its_layer_also_when_it_has_ended() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new())?;
        succeeds(&mut world.verb(&["create"], &["--name", "never-started", "base", "true"]))?;
        world.create("ended", "base", "echo precious >/precious")?;
        let before = world.on_disk()?;
        let other = format!("/tmp/other-{}", world.driver);
        let data = world.data();
        let elsewhere = |verb: &[&str]| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ch04-unionfs"));
            command.args(["--root", &other, "--data-root"]).arg(&data).args(verb);
            command.args(["--storage-driver", world.driver]).stdin(Stdio::null());
            command
        };
        let error = refused(&mut elsewhere(&["layer", "ls"]), 125)?;
        ensure!(error.contains("in use by container") && error.contains("cure: "), "{error}");
        ensure!(world.on_disk()? == before, "before: {before:#?}\nafter: {:#?}", world.on_disk()?);
        ensure!(world.diff("ended")? == "A /precious", "{}", world.diff("ended")?);
        world.remove_container("ended")?;
        world.remove_container("never-started")?;
        // With nobody in there, the data root follows.
        succeeds(&mut elsewhere(&["layer", "ls"]))?;
        Ok(())
    })
}

fn without_the_file_of_names_no_layer_is_removed() -> Result<()> {
    with_both(|world| {
        world.layer("one", None, &small("one"))?;
        world.layer("two", None, &small("two"))?;
        let layerdb = world.data().join(format!("image/{}", world.driver));
        let names = layerdb.join("names.json");
        let text = fs::read(&names)?;
        let before = world.on_disk()?;
        let damages: [&dyn Fn() -> std::io::Result<()>; 2] =
            [&|| fs::remove_file(&names), &|| fs::write(&names, &text[..text.len() / 2])];
        for damage in damages {
            damage()?;
            for verb in [&["layer", "ls"][..], &["info"]] {
                // What a killed command leaves makes the next one sweep.
                fs::write(layerdb.join("layerdb/tmp/left"), "")?;
                let output = world.verb(verb, &[]).output()?;
                ensure!(
                    format_output(&output).contains("names.json is") && format_output(&output).contains("cure: "),
                    "{}",
                    format_output(&output)
                );
            }
            ensure!(!world.import("three", None, &small("three"))?.status.success());
            ensure!(world.on_disk()? == before, "{:#?}", world.on_disk()?);
            fs::write(&names, &text)?;
        }
        ensure!(!world.export("one")?.is_empty() && !world.export("two")?.is_empty());
        Ok(())
    })
}

fn a_removal_lists_the_topmost_layer_first() -> Result<()> {
    with_both(|world| {
        let mut chains = vec![world.layer("layer0", None, &small("f0"))?];
        for index in 1..7 {
            let below = format!("layer{}", index - 1);
            chains.insert(0, world.layer(&format!("layer{index}"), Some(&below), &small(&format!("f{index}")))?);
        }
        for index in 0..6 {
            succeeds(&mut world.verb(&["layer", "rm"], &[&format!("layer{index}")]))?;
        }
        let removed = succeeds(&mut world.verb(&["layer", "rm"], &["layer6"]))?;
        let deleted: Vec<_> = removed.lines().filter_map(|line| line.strip_prefix("Deleted: ")).collect();
        ensure!(deleted == chains, "{deleted:#?}\n{chains:#?}");
        Ok(())
    })
}

fn a_name_goes_although_a_container_stands_on_shared_layers_below() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new().file("f", "f"))?;
        world.layer("above", Some("base"), &small("g"))?;
        let running = Running::start(world, &[], "above", "true")?;
        // What the container needs keeps another name.
        let removed = succeeds(&mut world.verb(&["layer", "rm"], &["base", "programs"]))?;
        ensure!(removed == "Untagged: base\nUntagged: programs", "{removed}");
        ensure!(running.root().join("f").exists() && running.root().join("g").exists());
        refused(&mut world.verb(&["layer", "rm"], &["above"]), 125)?;
        drop(running);
        let removed = succeeds(&mut world.verb(&["layer", "rm"], &["above"]))?;
        ensure!(removed.matches("Deleted: ").count() == 3, "{removed}");
        Ok(())
    })
}

fn the_cure_for_a_layer_in_use_is_one_that_works() -> Result<()> {
    let world = World::new("vfs");
    world.base(Archive::new())?;
    let obey = |error: &str| -> Result<()> {
        let cure = error.lines().find_map(|line| line.trim().strip_prefix("cure: remove that first: "));
        let cure = cure.ok_or_else(|| anyhow::anyhow!("no cure in {error}"))?;
        succeeds(world.program().args(cure.split(' '))).map(drop)
    };
    world.create("ended", "base", "true")?;
    let error = refused(&mut world.verb(&["layer", "rm"], &["base"]), 125)?;
    ensure!(!error.contains("rm -f"), "{error}");
    obey(&error)?;
    // One that waits for its start is alive.
    succeeds(&mut world.verb(&["create"], &["--name", "alive", "base", "true"]))?;
    obey(&refused(&mut world.verb(&["layer", "rm"], &["base"]), 125)?)?;
    succeeds(&mut world.verb(&["layer", "rm"], &["base"])).map(drop)
}

fn layers_are_listed_by_name() -> Result<()> {
    let world = World::new("vfs");
    for (name, file) in [("b", "one"), ("d", "two"), ("c", "one"), ("a", "two")] {
        world.layer(name, None, &small(file))?;
    }
    let list = succeeds(&mut world.verb(&["layer", "ls"], &[]))?;
    let names: Vec<_> = list.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    ensure!(names == ["a", "b", "c", "d"], "{list}");
    Ok(())
}

fn a_container_of_the_other_driver_is_told_with_the_flag() -> Result<()> {
    let overlay2 = World { store: World::new("vfs").store, ..World::overlay2()? };
    let vfs = World::new("vfs");
    vfs.base(Archive::new())?;
    vfs.create("one", "base", "true")?;
    for verb in [&["diff"][..], &["commit"]] {
        let args: &[&str] = if verb == ["diff"] { &["one"] } else { &["one", "next"] };
        let error = refused(&mut overlay2.verb(verb, args), 125)?;
        ensure!(error.contains("storage driver vfs") && error.contains("cure: --storage-driver vfs"), "{error}");
    }
    vfs.remove_container("one")
}

fn no_command_waits_for_who_removes_layers() -> Result<()> {
    let world = World::new("vfs");
    // The driver's choice is known from here on.
    succeeds(world.program().arg("info"))?;
    let lock = File::open(world.data().join("lock"))?;
    lock.lock()?;
    for verb in [&["info"][..], &["layer", "ls"]] {
        let mut child = world.program().args(verb).stdout(Stdio::null()).spawn()?;
        let ended = testkit::eventually("it ends while somebody holds the lock", || Ok(child.try_wait()?.is_some()));
        let _ = child.kill();
        child.wait()?;
        ended?;
    }
    Ok(())
}

fn an_archive_given_as_an_operand_is_told_with_the_cure() -> Result<()> {
    let world = World::new("vfs");
    let error = refused(&mut world.verb(&["layer", "import"], &["base", "base.tar"]), 125)?;
    ensure!(error.contains("from stdin") && error.contains("cure: layer import base < base.tar"), "{error}");
    Ok(())
}

fn an_archive_of_an_unknown_compression_is_told_with_the_cure() -> Result<()> {
    let world = World::new("vfs");
    for (bytes, program) in [(&b"\xfd7zXZ\0\0\x04"[..], "xz"), (b"BZh91AY&SY", "bzip2")] {
        let output = world.import("base", None, bytes)?;
        let cure = format!("cure: {program} -dc ARCHIVE | layer import NAME");
        ensure!(
            output.status.code() == Some(125) && format_output(&output).contains(&cure),
            "{}",
            format_output(&output)
        );
    }
    Ok(())
}
