//! The tour runs as it is, and fits a terminal.

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::world::program;

pub fn cases() -> Vec<Case> {
    cases![the_tour_fits_80_columns_and_shows_whole_paths]
}

fn the_tour_fits_80_columns_and_shows_whole_paths() -> Result<()> {
    let output = program(&[]).output()?;
    let tour = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{}\n{tour}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    let long: Vec<_> = tour.lines().filter(|line| line.chars().count() > 80).collect();
    ensure!(long.is_empty(), "too wide: {long:?}");
    let has = |end: &str| tour.lines().any(|line| line.starts_with("  > ") && line.ends_with(end));
    ensure!(has("/start") && has("/wait") && has("/logs?stdout=1"), "{tour}");
    ensure!(tour.contains("{\"StatusCode\":0}") && tour.contains("\\x06hello"), "{tour}");
    Ok(())
}
