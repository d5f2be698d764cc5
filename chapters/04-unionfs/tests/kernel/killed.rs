//! What happens when it ends in the middle: kill -9, Ctrl-C, a full disk, two at once.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::{Case, cases, root_cases};

use crate::archives::Archive;
use crate::running::{Running, World, format_output, programs, succeeds, with_both};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        an_import_killed_at_any_moment_leaves_nothing_after_the_next_command,
        a_commit_killed_at_any_moment_loses_no_layer,
        a_removal_killed_at_any_moment_loses_no_other_layer,
        ctrl_c_during_an_import_leaves_nothing_at_once,
        sigterm_to_a_commit_leaves_nothing_and_the_container_goes_on,
        two_imports_of_one_layer_at_once_are_one_layer,
        many_at_once_on_one_store_are_all_right,
    ];
    cases.extend(root_cases![a_full_disk_is_told_and_nothing_is_left]);
    cases
}

fn large() -> Vec<u8> {
    files("x")
}

fn files(letter: &str) -> Vec<u8> {
    let add = |archive: Archive, index| archive.file(&format!("{letter}{index}"), &letter.repeat(20_000));
    (0..400).fold(Archive::new(), add).end()
}

/// Starts an import of which the end is never sent.
fn half_imported(world: &World, archive: &[u8], parent: Option<&str>) -> Result<(Child, std::process::ChildStdin)> {
    let mut args = vec!["half"];
    args.extend(parent.iter().flat_map(|parent| ["--parent", parent]));
    let mut command = world.verb(&["layer", "import"], &args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    stdin.write_all(&archive[..archive.len() / 2])?;
    let has_files = || Ok(world.on_disk()?.iter().any(|name| name.contains("/tmp/")));
    testkit::eventually("the import begins", has_files)?;
    Ok((child, stdin))
}

fn an_import_killed_at_any_moment_leaves_nothing_after_the_next_command() -> Result<()> {
    with_both(|world| {
        world.layer("base", None, &large())?;
        let before = world.on_disk()?;
        let (mut child, stdin) = half_imported(world, &large(), Some("base"))?;
        child.kill()?;
        child.wait()?;
        drop(stdin);
        ensure!(world.on_disk()? != before, "nothing was left half-made: the test proves nothing");
        expect_swept(world, &before)?;
        // At times that nobody chose.
        fs::write("/tmp/large.tar", large())?;
        for moment in 0..12 {
            let mut command = world.verb(&["layer", "import"], &["half", "--parent", "base"]);
            command.stdin(fs::File::open("/tmp/large.tar")?).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn()?;
            sleep(Duration::from_millis(5 * moment));
            child.kill()?;
            child.wait()?;
            let _ = world.verb(&["layer", "rm"], &["half"]).output()?;
            expect_swept(world, &before).with_context(|| format!("killed after {} ms", 5 * moment))?;
        }
        ensure!(!world.export("base")?.is_empty());
        Ok(())
    })
}

/// The next command finds what is left. (A worker of the killed one may live a moment longer.)
fn expect_swept(world: &World, before: &[String]) -> Result<()> {
    let mut last = Vec::new();
    let swept = testkit::eventually("everything is swept", || {
        succeeds(&mut world.verb(&["layer", "ls"], &[]))?;
        last = world.on_disk()?;
        Ok(last == before)
    });
    swept.with_context(|| format!("before: {before:#?}\nafter: {last:#?}"))
}

fn a_commit_killed_at_any_moment_loses_no_layer() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new())?;
        let script = "i=0; while test $i -lt 300; do echo $i >/f$i; i=$((i+1)); done";
        let running = Running::start(world, &["--name", "one", "--cgroups", "disabled"], "base", script)?;
        let before = world.on_disk()?;
        for moment in 0..10 {
            let mut command = world.verb(&["commit"], &["one", "half"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            sleep(Duration::from_millis(4 * moment));
            child.kill()?;
            child.wait()?;
            let _ = world.verb(&["layer", "rm"], &["half"]).output()?;
            expect_swept(world, &before).with_context(|| format!("killed after {} ms", 4 * moment))?;
        }
        succeeds(&mut world.verb(&["commit"], &["one", "whole"]))?;
        drop(running);
        let said = succeeds(&mut world.verb(&["run"], &["whole", "cat", "/f299"]))?;
        ensure!(said == "299", "{said}");
        Ok(())
    })
}

fn a_removal_killed_at_any_moment_loses_no_other_layer() -> Result<()> {
    with_both(|world| {
        world.layer("base", None, &large())?;
        let before = world.on_disk()?;
        for moment in 0..10 {
            world.layer("child", Some("base"), &files("y"))?;
            let mut command = world.verb(&["layer", "rm"], &["child"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            sleep(Duration::from_millis(2 * moment));
            child.kill()?;
            child.wait()?;
            // Removed, or there as before: not half.
            let still = world.verb(&["layer", "export"], &["child"]).output()?;
            if still.status.success() {
                ensure!(still.stdout.len() >= large().len() / 2, "half a layer");
                succeeds(&mut world.verb(&["layer", "rm"], &["child"]))?;
            }
            expect_swept(world, &before).with_context(|| format!("killed after {} ms", 2 * moment))?;
        }
        ensure!(!world.export("base")?.is_empty());
        Ok(())
    })
}

fn ctrl_c_during_an_import_leaves_nothing_at_once() -> Result<()> {
    with_both(|world| {
        world.layer("base", None, &large())?;
        let before = world.on_disk()?;
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            let (child, stdin) = half_imported(world, &large(), Some("base"))?;
            kill(Pid::from_raw(child.id() as i32), signal)?;
            let output = child.wait_with_output()?;
            drop(stdin);
            ensure!(output.status.code() == Some(128 + signal as i32), "{}", format_output(&output));
            ensure!(format_output(&output).contains(&format!("interrupted by {signal}")), "{}", format_output(&output));
            // Without another command.
            ensure!(world.on_disk()? == before, "{signal} left {:#?}", world.on_disk()?);
        }
        Ok(())
    })
}

fn sigterm_to_a_commit_leaves_nothing_and_the_container_goes_on() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new())?;
        let script = "i=0; while test $i -lt 500; do echo $i >/f$i; i=$((i+1)); done";
        let running = Running::start(world, &["--name", "one"], "base", script)?;
        let before = world.on_disk()?;
        let mut interrupted = 0;
        for moment in 0..10 {
            let mut command = world.verb(&["commit"], &["one", "half"]);
            let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
            sleep(Duration::from_millis(4 * moment));
            kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM)?;
            let output = child.wait_with_output()?;
            if output.status.code() == Some(143) {
                ensure!(world.on_disk()? == before, "{moment}: {:#?}", world.on_disk()?);
                interrupted += 1;
            } else if output.status.signal().is_none() {
                ensure!(output.status.success(), "{}", format_output(&output));
                succeeds(&mut world.verb(&["layer", "rm"], &["half"]))?;
            }
            expect_swept(world, &before)?;
        }
        println!("{interrupted} of 10 were interrupted in their work");
        let list = succeeds(world.program().arg("ps"))?;
        ensure!(list.contains("running"), "the container is not as before:\n{list}");
        drop(running);
        Ok(())
    })
}

fn two_imports_of_one_layer_at_once_are_one_layer() -> Result<()> {
    with_both(|world| {
        let archive = large();
        let names = ["one", "two", "three", "one"];
        let chains: Vec<String> = std::thread::scope(|scope| {
            let archive = &archive;
            let all: Vec<_> = names.map(|name| scope.spawn(move || world.layer(name, None, archive))).into();
            all.into_iter().map(|one| one.join().expect("no panic")).collect::<Result<_>>()
        })?;
        ensure!(chains.iter().all(|chain| *chain == chains[0]), "{chains:?}");
        succeeds(&mut world.verb(&["layer", "ls"], &[]))?;
        let expected = if world.driver == "vfs" { 2 } else { 3 };
        ensure!(world.on_disk()?.len() == expected, "{:#?}", world.on_disk()?);
        succeeds(&mut world.verb(&["layer", "rm"], &["one", "two", "three"]))?;
        ensure!(world.on_disk()?.is_empty(), "{:#?}", world.on_disk()?);
        Ok(())
    })
}

fn many_at_once_on_one_store_are_all_right() -> Result<()> {
    with_both(|world| {
        world.base(Archive::new().file("f", "f"))?;
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|number| {
                    scope.spawn(move || -> Result<()> {
                        let name = format!("own{number}");
                        for round in 0..3 {
                            let archive = Archive::new().file("g", &format!("{number} {round}")).end();
                            world.layer(&name, Some("base"), &archive)?;
                            let said = succeeds(&mut world.verb(&["run"], &[&name, "cat", "/g", "/f"]))?;
                            ensure!(said == format!("{number} {round}f"), "{said}");
                            succeeds(&mut world.verb(&["layer", "rm"], &[&name]))?;
                        }
                        Ok(())
                    })
                })
                .collect();
            all.into_iter().try_for_each(|one| one.join().expect("no panic"))
        })?;
        succeeds(&mut world.verb(&["layer", "rm"], &["base", "programs"]))?;
        ensure!(world.on_disk()?.is_empty(), "{:#?}", world.on_disk()?);
        Ok(())
    })
}

fn a_full_disk_is_told_and_nothing_is_left() -> Result<()> {
    with_both(|world| {
        let disk = format!("/tmp/disk-{}", world.driver);
        fs::create_dir(&disk)?;
        mount(Some("lab"), disk.as_str(), Some("tmpfs"), MsFlags::empty(), Some("size=12m"))?;
        let full = World { driver: world.driver, store: format!("{disk}/store").into() };
        full.layer("base", None, &programs()?)?;
        let before = full.on_disk()?;
        let output = full.import("large", Some("base"), &very_large())?;
        let error = format_output(&output);
        ensure!(output.status.code() == Some(125) && error.contains("ENOSPC") || error.contains("No space"), "{error}");
        ensure!(full.on_disk()? == before, "{:#?}", full.on_disk()?);
        // The container's own layer meets the same end, and the store goes on.
        let said = succeeds(&mut full.verb(&["run"], &["base", "sh", "-c", "cat /bin/sh >/copy && echo fits"]))?;
        ensure!(said == "fits", "{said}");
        ensure!(full.on_disk()? == before, "{:#?}", full.on_disk()?);
        Ok(())
    })
}

fn very_large() -> Vec<u8> {
    Archive::new().file("very-large", &"x".repeat(20_000_000)).end()
}
