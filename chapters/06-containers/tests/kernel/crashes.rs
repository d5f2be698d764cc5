//! `kill -9` of whom one likes, a full disk, damaged records, two commands at once, and chance.

use std::fs;
use std::process::Stdio;
use std::thread::{self, sleep};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use nix::sys::signal::{Signal, kill};
use nix::sys::statvfs::statvfs;
use nix::unistd::Pid;
use testkit::{Case, cases, eventually, root_cases};

use crate::world::{
    SEED, STORE, detached, expect_nothing_left, fails, format_output, inspect, program, seed, shim_of, state, succeeds,
};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        a_killed_shim_takes_its_container_along_and_the_next_command_says_so,
        a_shim_keeps_nothing_open_that_its_starters_caller_had,
        a_killed_command_line_leaves_nothing_that_cannot_be_removed,
        damaged_records_hide_no_other_and_go_by_force,
        two_commands_at_once_on_one_container,
        random_lives_leave_nothing_and_lose_nothing,
    ];
    cases.extend(root_cases![a_full_disk_stops_no_container]);
    cases.into_iter().map(|case| case.time_limit(Duration::from_secs(600))).collect()
}

fn a_killed_shim_takes_its_container_along_and_the_next_command_says_so() -> Result<()> {
    for (name, flags) in [("boat", &[][..]), ("ship", &["--init"]), ("raft", &["-t"])] {
        detached(name, flags, "sleep 1000; true")?;
        let pid: i32 = inspect(name, "{{.State.Pid}}")?.parse()?;
        let shim = shim_of(&inspect(name, "{{.Id}}")?)?;
        kill(Pid::from_raw(shim), Signal::SIGKILL)?;
        eventually("the container dies, too", || Ok(!lab::observe::process_exists(pid)))?;
        ensure!(state(name)? == "exited 137" && succeeds(&["wait", name])? == "137");
        ensure!(fails(&["exec", name, "true"], 1)?.contains("is not running"));
        succeeds(&["start", name])?;
        ensure!(state(name)? == "running 0" && succeeds(&["exec", name, "echo", "again"])? == "again");
        let shim = shim_of(&inspect(name, "{{.Id}}")?)?;
        kill(Pid::from_raw(shim), Signal::SIGKILL)?;
        eventually("it is known", || Ok(state(name)? == "exited 137"))?;
        succeeds(&["rm", name])?;
    }
    expect_nothing_left()
}

fn a_shim_keeps_nothing_open_that_its_starters_caller_had() -> Result<()> {
    let mut run = std::process::Command::new("sh");
    let script = "exec 9>/tmp/locked; exec \"$@\"";
    run.args(["-c", script, "sh"]).arg(program(&[]).get_program());
    run.args(program(&["run", "-d", "--name", "boat", "hostbox", "sleep", "1000"]).get_args()).stdin(Stdio::null());
    let output = run.output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    for pid in [shim_of(&inspect("boat", "{{.Id}}")?)?, inspect("boat", "{{.State.Pid}}")?.parse()?] {
        for entry in std::fs::read_dir(format!("/proc/{pid}/fd"))? {
            let target = std::fs::read_link(entry?.path())?;
            ensure!(target != std::path::Path::new("/tmp/locked"), "{pid} keeps it open");
        }
    }
    succeeds(&["rm", "-f", "boat"])?;
    expect_nothing_left()
}

fn a_killed_command_line_leaves_nothing_that_cannot_be_removed() -> Result<()> {
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    for moment in 0..20 {
        let args = ["run", "--name", "half", "hostbox", "sh", "-c", "echo life; sleep 0.05"];
        let mut child = program(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        sleep(Duration::from_millis(2 * moment));
        child.kill()?;
        child.wait()?;
        // Either it is there, and what is said of it is true, or it isn't.
        let output = program(&["rm", "-f", "half"]).output()?;
        let message = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success() || message.contains("No such container"),
            "{moment}: {}",
            format_output(&output)
        );
        succeeds(&["ps", "-a"])?;
    }
    // The shim of the one that was killed last may need a moment to see that nobody waits for it.
    let ended = || succeeds(&["run", "--name", "half", "hostbox", "echo", "whole"]);
    eventually("the name is free", || Ok(ended().is_ok_and(|said| said == "whole")))?;
    succeeds(&["rm", "half"])?;
    // Whose maker was killed between the record and its layer.
    succeeds(&["container", "prune", "-f"])?;
    expect_nothing_left()
}

fn damaged_records_hide_no_other_and_go_by_force() -> Result<()> {
    let fine = detached("fine", &[], "sleep 1000")?;
    for text in ["", "{", "[]", "{\"id\": \"../../x\"}", "\u{0}\u{0}"] {
        let id = succeeds(&["create", "--name", "hurt", "hostbox", "true"])?;
        fs::write(format!("{STORE}/data/containers/{id}/config.json"), text)?;
        ensure!(succeeds(&["ps", "-q", "--no-trunc"])? == fine, "{text:?} hides another");
        let message = fails(&["start", &id], 125).or_else(|_| fails(&["start", &id], 1))?;
        ensure!(message.contains("is damaged") && message.contains("cure:"), "{message}");
        ensure!(fails(&["rm", &id], 1)?.contains("is damaged"));
        succeeds(&["rm", "-f", &id])?;
    }
    ensure!(succeeds(&["exec", "fine", "echo", "still"])? == "still");
    succeeds(&["rm", "-f", "fine"])?;
    expect_nothing_left()
}

fn two_commands_at_once_on_one_container() -> Result<()> {
    succeeds(&["create", "--name", "boat", "hostbox", "sh", "-c", "echo life; sleep 1000; true"])?;
    let at_once = |commands: Vec<Vec<&str>>| -> Result<Vec<std::process::Output>> {
        let children: Vec<_> = commands
            .iter()
            .map(|args| program(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn())
            .collect::<Result<_, _>>()?;
        children.into_iter().map(|child| Ok(child.wait_with_output()?)).collect()
    };
    for round in 0..4 {
        // Six starts are one life.
        for output in at_once(vec![vec!["start", "boat"]; 6])? {
            ensure!(output.status.success(), "round {round}: {}", format_output(&output));
        }
        ensure!(state("boat")? == "running 0");
        eventually("it wrote", || Ok(succeeds(&["logs", "boat"])?.lines().count() == round + 1))?;
        // Whoever is late finds it stopped.
        for output in at_once(vec![vec!["stop", "-t", "0", "boat"]; 4])? {
            ensure!(output.status.success(), "round {round}: {}", format_output(&output));
        }
        ensure!(state("boat")? == "exited 137", "{}", state("boat")?);
    }
    succeeds(&["start", "boat"])?;
    for output in at_once(vec![vec!["rm", "-f", "boat"]; 5])? {
        let message = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success() || message.contains("No such container") || message.contains("is gone"),
            "{}",
            format_output(&output)
        );
    }
    ensure!(succeeds(&["ps", "-aq"])?.is_empty());
    // One name for many.
    let outputs = at_once(vec![vec!["create", "--name", "one", "hostbox", "true"]; 6])?;
    ensure!(outputs.iter().filter(|output| output.status.success()).count() == 1);
    succeeds(&["rm", "one"])?;
    expect_nothing_left()
}

/// A small generator whose numbers depend on the seed alone: splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// How many containers: 200 take longer than a chapter's tests should (`CORACLE_LIVES=200`).
const LIVES: &str = "CORACLE_LIVES";

const WORKERS: u64 = 10;

fn random_lives_leave_nothing_and_lose_nothing() -> Result<()> {
    let seed = seed();
    let lives: u64 = std::env::var(LIVES).ok().and_then(|lives| lives.parse().ok()).unwrap_or(60);
    println!("{LIVES}={lives}");
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            thread::spawn(move || {
                let mut random = Random(seed.wrapping_add(worker));
                (0..lives.div_ceil(WORKERS)).try_for_each(|number| a_life(&mut random, &format!("w{worker}-{number}")))
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("a worker panicked").with_context(|| format!("repeat it with {SEED}={seed}"))?;
    }
    expect_nothing_left().with_context(|| format!("repeat it with {SEED}={seed}"))
}

/// One container, with what chance says; its status is known beforehand.
fn a_life(random: &mut Random, name: &str) -> Result<()> {
    let status = random.below(200);
    let script = format!(
        "trap 'exit {status}' TERM; echo I am {name}; while test ! -e /tmp/go; do sleep 0.03; done; exit {status}"
    );
    let is_detached = random.below(2) == 0;
    if is_detached {
        detached(name, &[], &script)?;
    } else {
        succeeds(&["create", "--name", name, "hostbox", "sh", "-c", &script])?;
        ensure!(state(name)? == "created 0");
        succeeds(&["start", name])?;
    }
    let said = format!("I am {name}");
    eventually(&format!("{name} has written"), || Ok(succeeds(&["logs", name])? == said))?;
    for _ in 0..random.below(3) {
        match random.below(4) {
            0 => ensure!(succeeds(&["exec", name, "echo", "inside"])? == "inside"),
            1 => ensure!(succeeds(&["top", name])?.contains("sleep")),
            2 => ensure!(state(name)? == "running 0"),
            _ => ensure!(succeeds(&["ps", "--format", "{{.Names}}"])?.lines().any(|line| line == name)),
        }
    }
    let expected = match random.below(4) {
        0 => {
            // The container may end, and take the command along, as soon as the file is there.
            program(&["exec", name, "touch", "/tmp/go"]).status()?;
            status
        }
        // The shell's handler runs when its sleep has ended.
        1 => {
            succeeds(&["stop", name])?;
            status
        }
        2 => {
            succeeds(&["kill", name])?;
            137
        }
        _ => return succeeds(&["rm", "-f", name]).map(drop),
    };
    ensure!(succeeds(&["wait", name])? == expected.to_string(), "{name} was to end with {expected}");
    ensure!(state(name)? == format!("exited {expected}"), "{name}: {} instead of {expected}", state(name)?);
    ensure!(succeeds(&["logs", name])? == said);
    succeeds(&["rm", name]).map(drop)
}

fn a_full_disk_stops_no_container() -> Result<()> {
    // The data root alone is small.
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    let data = format!("{STORE}/data/containers");
    mount(Some("tmpfs"), data.as_str(), Some("tmpfs"), MsFlags::empty(), Some("size=256k"))?;
    let script = "for i in $(seq 4000); do echo $i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done; \
                  while test ! -e /tmp/go; do sleep 0.02; done; exit 3";
    detached("writes", &[], script)?;
    let log = inspect("writes", "{{.LogPath}}")?;
    eventually("the disk is full", || Ok(statvfs(data.as_str())?.blocks_available() < 2))?;
    program(&["exec", "writes", "touch", "/tmp/go"]).status()?;
    // The status is heard, though it can't be written down.
    ensure!(succeeds(&["wait", "writes"])? == "3");
    let lines = succeeds(&["logs", "writes"])?;
    ensure!(lines.starts_with("1 xxx") && lines.lines().count() > 100, "{} lines", lines.lines().count());
    let message = fails(&["create", "--name", "more", "hostbox", "true"], 125)?;
    ensure!(message.contains("No space left") || message.contains("ENOSPC"), "{message}");
    // With room again, everything works, and nothing half-made is left.
    fs::write(log, "")?;
    ensure!(state("writes")?.starts_with("exited"), "{}", state("writes")?);
    succeeds(&["rm", "writes"])?;
    succeeds(&["run", "--rm", "hostbox", "true"])?;
    expect_nothing_left()
}
