//! The tour runs as it is, fits a terminal, and leaves no image.

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::world::succeeds;

pub fn cases() -> Vec<Case> {
    cases![the_tour_fits_80_columns_and_leaves_no_image, sizes_of_small_images_are_not_rounded_to_nothing]
}

fn the_tour_fits_80_columns_and_leaves_no_image() -> Result<()> {
    let tour = succeeds(&[])?;
    let long: Vec<_> = tour.lines().filter(|line| line.chars().count() > 80).collect();
    ensure!(long.is_empty(), "too wide: {long:?}");
    ensure!(tour.contains("3 steps are taken from the cache") && tour.contains("made by a step"), "{tour}");
    let images = succeeds(&["images"])?;
    ensure!(!images.contains("tour"), "{images}");
    Ok(())
}

fn sizes_of_small_images_are_not_rounded_to_nothing() -> Result<()> {
    let context = crate::world::context(&[("Dockerfile", "FROM scratch\nCOPY page /\n"), ("page", "hello\n")])?;
    succeeds(&["build", "-t", "small", context])?;
    let images = succeeds(&["images", "small"])?;
    ensure!(images.ends_with("   2.0kB") || images.ends_with("   1.5kB"), "{images}");
    let history = succeeds(&["history", "small"])?;
    ensure!(history.contains("kB   ") && !history.contains("0.0kB"), "{history}");
    Ok(())
}
