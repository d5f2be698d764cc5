//! How long a container takes with cgroups and limits, against the same container without; how long
//! `stats` takes for many.
//!
//! `cargo bench -p ch03-cgroups`. The cgroups are made where the caller is, and removed again.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use ch03_cgroups::machine::Machine;
use floor::Times;
use nix::unistd::geteuid;

const LIMITS: [&str; 6] = ["--memory", "64m", "--cpus", "0.5", "--pids-limit", "50"];

fn main() -> Result<()> {
    let (store, cache) = (floor::store()?, tempfile::tempdir()?);
    let program = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch03-cgroups"));
        command.arg("--root").arg(store.path()).env("XDG_CACHE_HOME", cache.path()).args(args);
        command.stdin(Stdio::null());
        command
    };
    let run = |flags: &[&str]| program(&[&["run"], floor::ids(), flags, &["--", "/bin/true"]].concat());
    // What chapter 2's container has, and a cgroup namespace.
    let without = || run(&["--cgroups", "disabled"]);
    let with = || run(&[]);
    let limited = || run(&LIMITS);
    // Makes the store and the cache.
    Times::default().add(&mut without())?;
    let can_limit = limited().output()?.status.success();
    let (mut withouts, mut withs, mut limiteds) = (Times::default(), Times::default(), Times::default());
    for _ in 0..floor::rounds() {
        withouts.add(&mut without())?;
        withs.add(&mut with())?;
        if can_limit {
            limiteds.add(&mut limited())?;
        }
    }
    let kind = Machine::observe()?.kind();
    println!("start to exit of /bin/true, cgroups {kind}, user: {}, {} rounds, medians", geteuid(), floor::rounds());
    println!("  without cgroups                   {:>7.3} ms", withouts.median());
    println!("  with cgroups, no limits           {:>7.3} ms   ratio {:.2}", withs.median(), withs.ratio_to(&withouts));
    if !can_limit {
        println!("  no limits can be set here");
        return Ok(());
    }
    println!(
        "  with memory, cpu and pids limits {:>7.3} ms   ratio {:.2}",
        limiteds.median(),
        limiteds.ratio_to(&withouts)
    );
    let many = floor::rounds().min(100);
    let create = |_| program(&[&["create"], floor::ids(), &LIMITS, &["--", "sleep", "600"]].concat()).output();
    let made = (0..many).map(create).collect::<Result<Vec<_>, _>>()?;
    let mut stats = Times::default();
    for _ in 0..floor::rounds().min(30) {
        stats.add(program(&["stats"]).stdout(Stdio::null()))?;
    }
    let ids: Vec<String> = made.iter().map(|output| String::from_utf8_lossy(&output.stdout).trim().into()).collect();
    let removed = program(&["rm", "--force"]).args(&ids).status()?;
    ensure!(removed.success() && made.iter().all(|output| output.status.success()), "not all were made, or removed");
    println!("stats of {many} containers: {:.1} ms", stats.median());
    Ok(())
}
