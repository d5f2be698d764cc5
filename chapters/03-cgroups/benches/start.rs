//! How long a container takes with groups and limits, against the same container without; how long `stats` takes for many.
//!
//! `cargo bench -p ch03-cgroups`. Compare only what one run prints: machines and their loads differ. The groups are made where
//! the caller is, and removed again.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use ch03_cgroups::machine::Machine;

const ROUNDS: usize = 200;
/// For `stats`.
const MANY: usize = 100;

fn main() -> Result<()> {
    // `cargo test --benches` asks for a quick look only.
    let in_earnest = std::env::args().any(|arg| arg == "--bench");
    let (rounds, many) = if in_earnest { (ROUNDS, MANY) } else { (3, 3) };
    let machine = Machine::look()?;
    // In memory, as /run and $XDG_RUNTIME_DIR are.
    let memory = std::path::Path::new("/dev/shm");
    let store = tempfile::tempdir_in(if memory.is_dir() { memory.into() } else { std::env::temp_dir() })?;
    let cache = tempfile::tempdir()?;
    let program = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch03-cgroups"));
        command.arg("--root").arg(store.path()).env("XDG_CACHE_HOME", cache.path()).args(args);
        command.stdin(Stdio::null());
        command
    };
    let ids: &[&str] = if nix::unistd::geteuid().is_root() { &[] } else { &["--map-root"] };
    let run = |flags: &[&str]| program(&[&["run"], ids, flags, &["--", "/bin/true"]].concat());
    // Chapter 2's container: no groups, no view of them. (A cgroup namespace it has, as the others.)
    let without = || run(&["--cgroups", "disabled"]);
    let with = || run(&[]);
    let limits = ["--memory", "64m", "--cpus", "0.5", "--pids-limit", "50"];
    let limited = || run(&limits);
    // Makes the store and the cache.
    time(&mut with())?;
    let mut times: [Vec<Duration>; 3] = Default::default();
    let mut ratios = Vec::new();
    let can_limit = limited().output()?.status.success();
    for _ in 0..rounds {
        times[0].push(time(&mut without())?);
        times[1].push(time(&mut with())?);
        if can_limit {
            times[2].push(time(&mut limited())?);
            ratios
                .push(times[2].last().context("none")?.as_secs_f64() / times[0].last().context("none")?.as_secs_f64());
        }
    }
    println!(
        "start to exit of /bin/true, {}, user {}, {rounds} rounds, medians",
        machine.kind(),
        nix::unistd::geteuid()
    );
    println!("  without groups                   {:>7.3} ms", median(&mut times[0]));
    println!("  with groups, no limits           {:>7.3} ms", median(&mut times[1]));
    if !can_limit {
        println!("  limits can't be set here: not measured");
        return Ok(());
    }
    println!("  with memory, cpu and pids limits {:>7.3} ms", median(&mut times[2]));
    ratios.sort_by(f64::total_cmp);
    println!("  ratio to without                 {:>7.2}", ratios[ratios.len() / 2]);

    let create = |_| program(&[&["create"], ids, &limits[..], &["--", "sleep", "600"]].concat()).output();
    let made = (0..many).map(create).collect::<Result<Vec<_>, _>>()?;
    ensure!(made.iter().all(|output| output.status.success()), "{:?}", made.last());
    let ids: Vec<String> = made.iter().map(|output| String::from_utf8_lossy(&output.stdout).trim().into()).collect();
    let stats = (0..20).map(|_| time(&mut program(&["stats"]))).collect::<Result<Vec<_>>>();
    let mut remove = program(&["rm", "--force"]);
    remove.args(&ids);
    ensure!(remove.status()?.success(), "not all could be removed");
    println!("stats of {many} containers: {:.1} ms", median(&mut stats?));
    Ok(())
}

fn time(command: &mut Command) -> Result<Duration> {
    command.stdout(Stdio::null());
    let begin = Instant::now();
    ensure!(command.status()?.success(), "{command:?} failed");
    Ok(begin.elapsed())
}

/// In milliseconds.
fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}
