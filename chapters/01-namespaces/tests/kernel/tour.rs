//! The tour tells the truth and fits a terminal.

use crate::running;
use anyhow::{Context, Result, ensure};
use ch01_namespaces::Namespace;
use lab::observe;
use nix::unistd::{Pid, Uid};
use testkit::{Case, cases};

pub fn cases() -> Vec<Case> {
    cases![the_tour_shows_this_process_and_another_in_new_namespaces, the_tour_fits_80_columns]
}

fn tour() -> Result<String> {
    let output = running::program().output()?;
    ensure!(output.status.success(), "{output:?}");
    ensure!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn the_tour_shows_this_process_and_another_in_new_namespaces() -> Result<()> {
    let tour = tour()?;
    let evidence = tour.split_once("The evidence").context("no evidence")?.1;
    for kind in Namespace::ALL {
        let row = evidence.lines().find(|line| line.trim_start().starts_with(kind.name())).context("no row")?;
        let inodes: Vec<u64> = row.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let ours = observe::namespace_inode(Pid::this().as_raw(), kind.proc_name())?;
        ensure!(inodes.len() == 2 && inodes[0] == ours, "{kind}: {ours} here, the tour says {row}");
        let new = kind != Namespace::User || !Uid::effective().is_root();
        ensure!((inodes[0] != inodes[1]) == new && row.contains(if new { "its own" } else { "shared" }), "{row}");
    }
    for part in ["host name          lab                      boat", "interfaces         lo ", "my process id      "] {
        ensure!(tour.contains(part), "{part:?} is missing in\n{tour}");
    }
    Ok(())
}

fn the_tour_fits_80_columns() -> Result<()> {
    let tour = tour()?;
    let long: Vec<_> = tour.lines().filter(|line| line.chars().count() > 80).collect();
    ensure!(long.is_empty(), "too long: {long:?}");
    Ok(())
}
