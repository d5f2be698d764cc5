//! The tour tells the truth, is quick, and fits a terminal.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, patiently};

use crate::running::{World, format_output, refused, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        the_tour_shows_both_changes_and_an_image_as_it_was,
        on_vfs_the_tour_says_what_it_leaves_out,
        hostbox_is_made_once,
    ]
}

fn tour(world: &World) -> Result<String> {
    let begin = Instant::now();
    let output = world.program().output()?;
    ensure!(output.status.success() && output.stderr.is_empty(), "{}", format_output(&output));
    ensure!(begin.elapsed() < patiently(Duration::from_secs(10)), "it took {:?}", begin.elapsed());
    let text = String::from_utf8(output.stdout)?;
    let long: Vec<_> = text.lines().filter(|line| line.chars().count() > 80).collect();
    ensure!(long.is_empty(), "too long: {long:?}");
    // hostbox stays: the next run needs it.
    let layers = succeeds(&mut world.verb(&["layer", "ls"], &["--quiet"]))?;
    ensure!(layers.lines().count() == 1, "left: {layers}");
    ensure!(succeeds(world.program().args(["ps", "--quiet"]))?.is_empty());
    Ok(text)
}

fn expect(tour: &str, lines: &[&str]) -> Result<()> {
    for line in lines {
        tour.lines().find(|found| found.contains(line)).with_context(|| format!("{line:?} is missing in\n{tour}"))?;
    }
    Ok(())
}

fn the_tour_shows_both_changes_and_an_image_as_it_was() -> Result<()> {
    let world = World::overlay2()?;
    let tour = tour(&world)?;
    expect(
        &tour,
        &[
            "Storage Driver: overlay2",
            "before  old: yesterday's news",
            "after   old: yesterday's news",
            "srv/old    c 0:0",
        ],
    )?;
    expect(&tour, &["diff one   C /srv   D /srv/old", "diff two   C /srv   C /srv/page", "page: second edition"])?;
    ensure!(tour.matches("page: first edition").count() == 2, "{tour}");
    expect(&tour, &["upperdir="])
}

fn on_vfs_the_tour_says_what_it_leaves_out() -> Result<()> {
    let world = World::new("vfs");
    succeeds(&mut world.verb(&["info"], &[]))?;
    std::fs::write(world.data().join("storage-driver"), "vfs\n")?;
    let tour = tour(&world)?;
    expect(&tour, &["Storage Driver: vfs", "What is left out", "diff one   C /srv   D /srv/old"])?;
    ensure!(!tour.contains("c 0:0"), "{tour}");
    Ok(())
}

fn hostbox_is_made_once() -> Result<()> {
    let world = World::new("vfs");
    let run = || succeeds(&mut world.verb(&["run"], &["hostbox", "sh", "-c", "ls / >/dev/null && echo fine"]));
    ensure!(run()? == "fine");
    let before = world.on_disk()?;
    let error = refused(&mut world.verb(&["layer", "rm"], &["hostbox"]), 125)?;
    ensure!(error.contains("always there"), "{error}");
    ensure!(run()? == "fine" && world.on_disk()? == before, "{:?}", world.on_disk()?);
    Ok(())
}
