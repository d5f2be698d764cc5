//! Three hogs, each held by a limit, and a cgroup in a cgroup.

use std::fs;
use std::io::{IsTerminal, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use ch01_namespaces::narration::{Narration, fitted};
use ch01_namespaces::say;

use super::scene::{self, Running, Scene};
use crate::controller::Controller;
use crate::events::Events;
use crate::stats::Stats;

/// All that takes cgroups of our own.
pub(super) fn hogs(narration: &Narration, scene: &Scene<'_>) -> Result<()> {
    processor(narration, scene)?;
    memory(narration, scene)?;
    forks(narration, scene)?;
    inheritance(narration, scene)
}

fn processor(narration: &Narration, scene: &Scene<'_>) -> Result<()> {
    narration.title("A processor hog, held to a fifth of a processor")?;
    say!("  run --cpus 0.2 -- sh -c 'while :; do :; done'");
    say!("");
    let hog = scene.start(&["--cpus", "0.2"], "while :; do :; done & read line")?;
    // Once it has come to its limit it is at work.
    while Stats::read(&hog.cgroup).cpu.throttled_periods == 0 {
        sleep(Duration::from_millis(5));
    }
    let begin = Instant::now();
    let before = Stats::read(&hog.cgroup).cpu;
    let live = std::io::stdout().is_terminal();
    let cpu = loop {
        sleep(Duration::from_millis(100));
        let cpu = Stats::read(&hog.cgroup).cpu;
        if live {
            let share = (cpu.usage_usec - before.usage_usec) as f64 / begin.elapsed().as_micros() as f64;
            write!(std::io::stdout(), "\r  {}", bar(share))?;
            std::io::stdout().flush()?;
        }
        if begin.elapsed() >= Duration::from_secs(2) {
            break cpu;
        }
    };
    let share = (cpu.usage_usec - before.usage_usec) as f64 / begin.elapsed().as_micros() as f64;
    say!("{}  {}", if live { "\r" } else { "" }, bar(share));
    say!("");
    say!("The kernel gives it 20 ms in each period of 100 ms. Then it stands still: of {}", cpu.periods);
    say!("periods it was throttled in {}, for {:.2} s in all.", cpu.throttled_periods, cpu.throttled_usec as f64 / 1e6);
    hog.end()?;
    narration.pause()
}

/// `[####................]  20 % of a processor`
fn bar(share: f64) -> String {
    let full = ((share * 40.0).round() as usize).min(40);
    format!("[{}{}] {:>3.0} % of a processor", "#".repeat(full), ".".repeat(40 - full), share * 100.0)
}

fn memory(narration: &Narration, scene: &Scene<'_>) -> Result<()> {
    narration.title("A memory hog, held to 64 MB")?;
    say!("  run --memory 64m --memory-swap 64m -- tail /dev/zero");
    say!("");
    // The shell survives its child, so that there is a cgroup to look at.
    let mut hog =
        scene.start(&["--memory", "64m", "--memory-swap", "64m"], "tail /dev/zero 2>/dev/null; echo $?; read line")?;
    let status = hog.line()?;
    let events = Events::read(&hog.cgroup);
    let (file, text) = scene::oom_file(&hog.cgroup);
    say!("tail looks for the end of a line, and /dev/zero has none: it keeps all it reads.");
    say!("It ended with status {status}: 128 + 9, SIGKILL. Nobody sent it: the kernel did,");
    say!("and counted it ({} of the cgroup):", file);
    say!("");
    text.lines().filter(|line| line.starts_with("oom_kill ") || line.starts_with("max ")).try_for_each(|line| {
        say!("  {line}");
        anyhow::Ok(())
    })?;
    // Where memory and swap together are what is hit, v1 may count no hits.
    if events.memory_limit_hits > 0 {
        say!("");
        say!("The limit was hit {} times: each time the kernel looked for cache to", events.memory_limit_hits);
        say!("give back, and in the end there was none.");
    }
    hog.end()?;
    narration.pause()
}

fn forks(narration: &Narration, scene: &Scene<'_>) -> Result<()> {
    narration.title("A fork bomb, held to 20 processes")?;
    say!("  run --pids-limit 20 -- sh -c 'while sleep 60 & do :; done'");
    say!("");
    let bomb = "sh -c 'while sleep 60 & do :; done' 2>/tmp/said; head -n 1 /tmp/said; read line";
    let mut hog = scene.start(&["--pids-limit", "20"], bomb)?;
    let said = hog.line()?;
    let (pids, events) = (Stats::read(&hog.cgroup).pids.unwrap_or_default(), Events::read(&hog.cgroup));
    say!("The shell said: {}", fitted(&said, 62));
    say!("");
    say!("  pids.current  {:<8} alive in the cgroup", pids.current);
    say!("  pids.max      {:<8} the limit", pids.limit.map_or_else(|| "max".into(), |limit| limit.to_string()));
    say!("  pids.events   max {:<4} forks that were refused", events.forks_refused);
    say!("");
    say!("All of them end with the cgroup: that is how a container's processes are found.");
    hog.end()?;
    narration.pause()
}

fn inheritance(narration: &Narration, scene: &Scene<'_>) -> Result<()> {
    narration.title("A cgroup in a cgroup")?;
    let parent = format!("tour-{}", std::process::id());
    say!("  run --cgroup-parent {parent} --pids-limit 100 -- …");
    say!("");
    let bomb = "sh -c 'while sleep 60 & do :; done' 2>/dev/null; echo; read line";
    let first = scene.start(&["--cgroup-parent", &parent, "--pids-limit", "100"], "read line")?;
    let Some(above) = first.cgroup.part(Controller::Pids).and_then(|part| Some(part.directory.parent()?.to_path_buf()))
    else {
        return Ok(());
    };
    fs::write(above.join(crate::v2::pids::MAX), "10")?;
    let mut second = scene.start(&["--cgroup-parent", &parent, "--pids-limit", "100"], bomb)?;
    second.line()?;
    let pids = |running: &Running| Stats::read(&running.cgroup).pids.unwrap_or_default();
    let number = |limit: Option<u64>| limit.map_or_else(|| "max".to_string(), |limit| limit.to_string());
    let current = fs::read_to_string(above.join(crate::v2::pids::CURRENT))?;
    say!("  {parent:<24} {:>3} processes   limit 10", current.trim());
    for (running, name) in [(&first, "quiet"), (&second, "bomb")] {
        let pids = pids(running);
        say!("    {name:<22} {:>3} processes   limit {}", pids.current, number(pids.limit));
    }
    say!("");
    say!("Each of the two may have 100 processes, by its own file. The cgroup above them");
    say!("may have 10, and that holds for both together: a limit holds for all below it.");
    second.end()?;
    first.end()?;
    narration.pause()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_the_share() {
        assert!(bar(0.2).starts_with("[########................................]  20 %"));
        assert!(bar(7.0).contains("700 %"));
    }
}
