//! The tour tells the truth and fits a terminal.

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases};

use crate::boxes;
use crate::running::{Outside, expect_empty_store, format_output, program};

pub fn cases() -> Vec<Case> {
    cases![the_tour_shows_the_evidence_and_leaves_nothing, the_tour_fits_80_columns]
}

fn tour() -> Result<String> {
    let output = program().output()?;
    ensure!(output.status.success() && output.stderr.is_empty(), "{}", format_output(&output));
    Ok(String::from_utf8(output.stdout)?)
}

fn the_tour_shows_the_evidence_and_leaves_nothing() -> Result<()> {
    let outside = Outside::now()?;
    let tour = tour()?;
    let after = |mark: &str| {
        tour.split_once(mark).map(|(_, rest)| rest).with_context(|| format!("{mark} is missing in\n{tour}"))
    };
    ensure!(
        after("  here              the file is there, and says hello")?.contains("  here              no such file"),
        "{tour}"
    );
    ensure!(after("in a chroot")?.lines().next().is_some_and(|line| line.contains("it got out")), "{tour}");
    ensure!(after("after pivot_root")?.lines().next().is_some_and(|line| line.contains("still inside")), "{tour}");
    outside.expect_the_same("after the tour")?;
    // A checkout that was cloned below /tmp is shown there.
    let mut left = boxes::names(std::path::Path::new("/tmp"))?;
    left.retain(|name| !std::path::Path::new(env!("CARGO_MANIFEST_DIR")).starts_with(format!("/tmp/{name}")));
    ensure!(left == ["store"], "left in /tmp: {left:?}");
    expect_empty_store()
}

fn the_tour_fits_80_columns() -> Result<()> {
    let tour = tour()?;
    let long: Vec<_> = tour.lines().filter(|line| line.chars().count() > 80).collect();
    ensure!(long.is_empty(), "too long: {long:?}");
    Ok(())
}
