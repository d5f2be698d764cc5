//! The tour tells the truth, is quick, and fits a terminal.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, needs, patiently};

use crate::running::{cgroups_can_be_made, expect_nothing_left, format_output, need_cgroups, program};

pub fn cases() -> Vec<Case> {
    cases![the_tour_shows_each_limit_at_work_and_leaves_nothing, without_cgroups_the_tour_says_what_it_leaves_out]
}

fn tour() -> Result<String> {
    let begin = Instant::now();
    let output = program().env_remove("XDG_RUNTIME_DIR").output()?;
    ensure!(output.status.success() && output.stderr.is_empty(), "{}", format_output(&output));
    ensure!(begin.elapsed() < patiently(Duration::from_secs(10)), "it took {:?}", begin.elapsed());
    let text = String::from_utf8(output.stdout)?;
    let long: Vec<_> = text.lines().filter(|line| line.chars().count() > 80).collect();
    ensure!(long.is_empty(), "too long: {long:?}");
    expect_nothing_left()?;
    Ok(text)
}

fn the_tour_shows_each_limit_at_work_and_leaves_nothing() -> Result<()> {
    need_cgroups()?;
    let tour = tour()?;
    let number_after = |mark: &str| -> Result<u64> {
        let rest = tour.split_once(mark).with_context(|| format!("{mark:?} is missing in\n{tour}"))?.1;
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().with_context(|| format!("after {mark:?} in\n{tour}"))
    };
    ensure!((5..=30).contains(&number_after("] ")?), "{tour}");
    ensure!(number_after("periods it was throttled in")? > 5, "{tour}");
    ensure!(number_after("oom_kill ")? == 1, "{tour}");
    ensure!(number_after("pids.events   max ")? > 0, "{tour}");
    Ok(())
}

fn without_cgroups_the_tour_says_what_it_leaves_out() -> Result<()> {
    needs::that(!cgroups_can_be_made(), "an ordinary user without a cgroup")?;
    let tour = tour()?;
    ensure!(tour.contains("What is left out") && tour.contains("cure:"), "{tour}");
    ensure!(
        !tour.split_once("Your turn").context("no end")?.1.contains("--memory"),
        "it offers what it refused:\n{tour}"
    );
    Ok(())
}
