//! The tour runs as it is, fits a terminal, and leaves nothing.

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::world::{expect_nothing_left, succeeds};

pub fn cases() -> Vec<Case> {
    cases![the_tour_fits_80_columns_and_leaves_nothing]
}

fn the_tour_fits_80_columns_and_leaves_nothing() -> Result<()> {
    let tour = succeeds(&[])?;
    let long: Vec<_> = tour.lines().filter(|line| line.chars().count() > 80).collect();
    ensure!(long.is_empty(), "too wide: {long:?}");
    ensure!(tour.contains("got SIGTERM") && tour.contains("\n  exited 3\n"), "{tour}");
    expect_nothing_left()
}
