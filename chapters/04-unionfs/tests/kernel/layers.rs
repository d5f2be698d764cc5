//! The store of layers: names, what is in use, what info says.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use testkit::{Case, cases};

use crate::archives::Archive;
use crate::running::{Running, World, refused, succeeds, with_both};

pub fn cases() -> Vec<Case> {
    // It mounts an overlay.
    let mut cases = testkit::root_cases![info_says_what_speaks_against_a_driver];
    cases.extend(cases![
        a_layer_in_use_by_a_container_is_not_removed,
        a_layer_that_another_stands_on_stays_without_its_name,
        one_layer_may_have_two_names,
        a_name_moves_to_the_newest_layer,
        an_image_loses_its_name_and_the_container_goes_on,
        a_bad_name_is_refused_before_the_archive_is_read,
        what_is_not_there_is_told_with_the_cure,
        a_beginning_of_a_chain_id_means_the_layer,
        info_names_the_storage_driver_and_what_would_work_as_well,
        a_retired_driver_is_refused_with_its_story,
        a_damaged_store_is_told_and_no_layer_is_removed,
        a_container_on_a_root_of_its_own_has_no_layer,
        a_read_only_root_holds_on_layers_too,
    ]);
    cases
}

fn small() -> Vec<u8> {
    Archive::new().file("small", "small").end()
}

fn a_layer_in_use_by_a_container_is_not_removed() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new().file("f", "f"))?;
        let running = Running::start(world, &["--name", "user"], "base", "true")?;
        let error = refused(&mut world.verb(&["layer", "rm"], &["base"]), 125)?;
        ensure!(error.contains("in use by container") && error.contains("cure: "), "{error}");
        ensure!(running.root().join("f").exists());
        drop(running);
        let removed = succeeds(&mut world.verb(&["layer", "rm"], &["base", "programs"]))?;
        ensure!(removed.lines().filter(|line| line.starts_with("Deleted: ")).count() == 2, "{removed}");
        ensure!(world.on_disk()?.is_empty(), "{:?}", world.on_disk()?);
        Ok(())
    })
}

fn a_layer_that_another_stands_on_stays_without_its_name() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new().file("f", "f"))?;
        let removed = succeeds(&mut world.verb(&["layer", "rm"], &["programs"]))?;
        ensure!(removed == "Untagged: programs", "{removed}");
        let said = succeeds(&mut world.verb(&["run"], &["base", "cat", "/f"]))?;
        ensure!(said == "f", "{said}");
        let removed = succeeds(&mut world.verb(&["layer", "rm"], &["base"]))?;
        ensure!(removed.matches("Deleted: ").count() == 2, "{removed}");
        Ok(())
    })
}

fn one_layer_may_have_two_names() -> Result<()> {
    with_both(|world| {
        let (one, two) = (world.layer("one", None, &small())?, world.layer("web/two:v1", None, &small())?);
        ensure!(one == two, "{one} {two}");
        ensure!(world.on_disk()?.iter().filter(|name| name.contains("sha256/")).count() == 1, "{:?}", world.on_disk()?);
        let error = refused(&mut world.verb(&["layer", "rm"], &[&one]), 125)?;
        ensure!(error.contains("several names"), "{error}");
        let removed = succeeds(&mut world.verb(&["layer", "rm"], &["one"]))?;
        ensure!(removed == "Untagged: one", "{removed}");
        ensure!(world.export("web/two:v1")? == world.export(&two)?);
        succeeds(&mut world.verb(&["layer", "rm"], &["web/two:v1"]))?;
        ensure!(world.on_disk()?.is_empty(), "{:?}", world.on_disk()?);
        Ok(())
    })
}

fn a_name_moves_to_the_newest_layer() -> Result<()> {
    with_both(|world| {
        world.layer("app", None, &small())?;
        let new = world.layer("app", None, &Archive::new().file("new", "new").end())?;
        let listed = succeeds(&mut world.verb(&["layer", "ls"], &["--format", "json"]))?;
        let listed: serde_json::Value = serde_json::from_str(&listed)?;
        // The one without a name goes: nothing needs it.
        ensure!(listed.as_array().is_some_and(|all| all.len() == 1), "{listed}");
        ensure!(listed[0]["chain_id"] == new && listed[0]["names"][0] == "app", "{listed}");
        Ok(())
    })
}

fn an_image_loses_its_name_and_the_container_goes_on() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new().file("f", "old"))?;
        let running = Running::start(world, &["--name", "user"], "base", "true")?;
        world.layer("base", Some("programs"), &Archive::new().file("f", "new").end())?;
        // A sweep comes with each command; the container's layers have no name any more.
        succeeds(&mut world.verb(&["layer", "ls"], &[]))?;
        ensure!(fs::read_to_string(running.root().join("f"))? == "old");
        ensure!(fs::read_to_string(Running::start(world, &[], "base", "true")?.root().join("f"))? == "new");
        drop(running);
        succeeds(&mut world.verb(&["layer", "ls"], &[]))?;
        let layers = succeeds(&mut world.verb(&["layer", "ls"], &["--quiet"]))?;
        ensure!(layers.lines().count() == 2, "{layers}");
        Ok(())
    })
}

fn a_bad_name_is_refused_before_the_archive_is_read() -> Result<()> {
    let world = World::new("vfs");
    for name in ["Base", "../x", "a b", "hostbox", "x:", "0123456789abcdef"] {
        let output = world.import(name, None, &small())?;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.code() == Some(125) && error.contains("name"), "{name}: {error}");
    }
    ensure!(world.on_disk()?.is_empty(), "{:?}", world.on_disk()?);
    Ok(())
}

fn what_is_not_there_is_told_with_the_cure() -> Result<()> {
    let world = World::new("vfs");
    let missing = |error: String| -> Result<()> {
        ensure!(error.contains("there is no layer") && error.contains("cure: "), "{error}");
        Ok(())
    };
    missing(refused(&mut world.verb(&["run"], &["nothing", "true"]), 125)?)?;
    missing(refused(&mut world.verb(&["layer", "export"], &["nothing"]), 1)?)?;
    missing(String::from_utf8(world.import("x", Some("nothing"), &small())?.stderr)?)?;
    let error = refused(&mut world.verb(&["run"], &["hostbox"]), 125)?;
    ensure!(error.contains("no command was given"), "{error}");
    let error = refused(&mut world.verb(&["layer", "rm"], &["hostbox"]), 125)?;
    ensure!(error.contains("always there"), "{error}");
    Ok(())
}

fn a_beginning_of_a_chain_id_means_the_layer() -> Result<()> {
    with_both(|world| {
        let chain = world.layer("one", None, &small())?;
        let archive = world.export("one")?;
        for name in [&chain[..], &chain["sha256:".len()..], &chain["sha256:".len()..][..12]] {
            ensure!(world.export(name)? == archive, "{name}");
        }
        refused(&mut world.verb(&["layer", "export"], &[&chain["sha256:".len()..][..11]]), 1)?;
        Ok(())
    })
}

fn info_names_the_storage_driver_and_what_would_work_as_well() -> Result<()> {
    with_both(|world| {
        let info = succeeds(&mut world.verb(&["info"], &[]))?;
        ensure!(info.lines().any(|line| line == format!("Storage Driver: {}", world.driver)), "{info}");
        let json = succeeds(&mut world.verb(&["info"], &["--format", "json"]))?;
        let json: serde_json::Value = serde_json::from_str(&json)?;
        ensure!(json["storage_driver"] == world.driver, "{json}");
        ensure!(Path::new(json["data_root"].as_str().unwrap_or_default()) == world.data(), "{json}");
        let left: Vec<_> = crate::running::names(&world.data())?;
        ensure!(!left.iter().any(|name| name.starts_with("trial")), "{left:?}");
        let (other, refusals) = (if world.driver == "vfs" { "overlay2" } else { "vfs" }, refusals(&json)?);
        ensure!(info.contains(&format!(" {other} would work here as well (--storage-driver {other})")), "{info}");
        ensure!(refusals == [("overlay2".into(), None), ("vfs".into(), None)], "{refusals:?}");
        Ok(())
    })
}

fn info_says_what_speaks_against_a_driver() -> Result<()> {
    World::overlay2()?;
    // An overlay can't hold the upper directory of another.
    fs::create_dir_all("/tmp/below")?;
    ["/tmp/upper", "/tmp/work", "/tmp/union"].iter().try_for_each(fs::create_dir)?;
    let options = "lowerdir=/tmp/below,upperdir=/tmp/upper,workdir=/tmp/work";
    mount(Some("overlay"), "/tmp/union", Some("overlay"), MsFlags::empty(), Some(options))?;
    let world = World { store: "/tmp/union/store".into(), ..World::new("vfs") };
    let info = succeeds(&mut world.verb(&["info"], &[]))?;
    ensure!(info.contains(" overlay2 does not work here: "), "{info}");
    let json: serde_json::Value = serde_json::from_str(&succeeds(&mut world.verb(&["info"], &["--format", "json"]))?)?;
    let told = refusals(&json)?;
    let refusal = told.iter().find(|(name, _)| name == "overlay2").and_then(|(_, refusal)| refusal.clone());
    ensure!(refusal.is_some_and(|refusal| info.contains(refusal.lines().next().unwrap_or("no reason"))), "{told:?}");
    Ok(())
}

/// What `info` says of each driver: its name, and why it doesn't work.
fn refusals(info: &serde_json::Value) -> Result<Vec<(String, Option<String>)>> {
    let drivers = info["drivers"].as_array().context("a list")?;
    let text = |value: &serde_json::Value| value.as_str().map(String::from);
    drivers.iter().map(|driver| Ok((text(&driver["name"]).context("a name")?, text(&driver["refusal"])))).collect()
}

fn a_retired_driver_is_refused_with_its_story() -> Result<()> {
    let world = World::new("vfs");
    for (driver, story) in
        [("devicemapper", "25.0"), ("aufs", "24.0"), ("zfs", "snapshot"), ("ext3", "no storage driver")]
    {
        let error = refused(world.program().args(["info", "--storage-driver", driver]), 125)
            .or_else(|_| refused(world.program().args(["info", "--storage-driver", driver]), 2))?;
        ensure!(error.contains(story) && error.contains("overlay2 or vfs"), "{error}");
    }
    Ok(())
}

fn a_damaged_store_is_told_and_no_layer_is_removed() -> Result<()> {
    with_both(|world| {
        let chain = world.layer("one", None, &small())?;
        world.layer("two", None, &Archive::new().file("two", "two").end())?;
        let directory =
            world.data().join(format!("image/{}/layerdb/sha256/{}", world.driver, &chain["sha256:".len()..]));
        let before = fs::read(directory.join("cache-id"))?;
        for damage in ["", "../../../etc", "x"] {
            fs::write(directory.join("cache-id"), damage)?;
            let error = refused(&mut world.verb(&["layer", "ls"], &[]), 125)?;
            ensure!(error.contains("is damaged"), "{error}");
        }
        fs::write(directory.join("cache-id"), &before)?;
        ensure!(!world.export("one")?.is_empty() && !world.export("two")?.is_empty());
        Ok(())
    })
}

fn a_container_on_a_root_of_its_own_has_no_layer() -> Result<()> {
    let world = World::new("vfs");
    crate::running::programs()?;
    succeeds(world.program().args(["create", "--name", "bare", "--rootfs", "/tmp/box", "sh"]))?;
    let error = refused(&mut world.verb(&["diff"], &["bare"]), 125)?;
    ensure!(error.contains("no layer in this store"), "{error}");
    world.remove_container("bare")
}

fn a_read_only_root_holds_on_layers_too() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new())?;
        let script = "touch /x 2>/dev/null && echo written || echo refused";
        let said = succeeds(&mut world.verb(&["run", "--read-only"], &["base", "sh", "-c", script]))?;
        ensure!(said == "refused", "{said}");
        Ok(())
    })
}
