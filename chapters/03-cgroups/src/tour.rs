//! The tour: three hogs, each held by a limit, and the kernel's own counters.

mod files;
mod scene;

use std::fs;
use std::io::{IsTerminal, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use ch01_namespaces::telling::{Telling, TourFlags, fitted};
use ch01_namespaces::{StoreFlags, say};

use crate::controller::{Controller, Version};
use crate::delegation;
use crate::events::Events;
use crate::machine::Machine;
use crate::place::Place;
use crate::stats::Stats;
use crate::units::shown;
use scene::{Running, Scene};

/// Shows it.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let machine = Machine::look()?;
    let wanted = [Controller::Cpu, Controller::Memory, Controller::Pids];
    let place = Place::find(&machine, &wanted, None);
    // Where a scope has to be asked for, the whole tour starts again in it, before anything is said.
    let refused = match &place {
        Ok(place) if place.is_ours() => None,
        Ok(place) => delegation::get(place).err(),
        Err(error) => Some(anyhow::anyhow!("{error}")),
    };
    let telling = flags.begin();
    telling.title("Chapter 3: limits, with control groups")?;
    say!("A group is a folder, and the kernel fills it with files. A process is in it; a");
    say!("limit is a write into a file, and what is used is read from one. So far nothing");
    say!("kept a container from taking the whole machine.");
    telling.pause()?;

    trees(&telling, &machine)?;
    files::side_by_side(&telling)?;
    let has_groups = refused.is_none();
    match refused {
        None => hogs(&telling, &Scene::new(store)?)?,
        Some(error) => without_groups(&telling, &machine, &error)?,
    }
    your_turn(&telling, has_groups)?;
    Ok(0)
}

fn your_turn(telling: &Telling, has_groups: bool) -> Result<()> {
    telling.title("Your turn")?;
    if has_groups {
        say!("  cargo run -p ch03-cgroups -- run --memory 64m --cpus 0.5 -- sh");
        say!("  cargo run -p ch03-cgroups -- run --pids-limit 20 --explain -- sh");
        say!("  cargo run -p ch03-cgroups -- stats --follow    what containers use, live");
    } else {
        say!("  cargo wb vm -- target/debug/ch03-cgroups       this tour, with limits");
    }
    say!("  cargo run -p ch03-cgroups -- ls                the tree of groups");
    say!("  cargo wb                                       the exercises");
    Ok(())
}

/// Which trees there are.
fn trees(telling: &Telling, machine: &Machine) -> Result<()> {
    telling.title("Where this machine has its groups")?;
    say!("There are two versions of the kernel's interface: v1 has a tree for each");
    say!("controller, v2 one for all, and a machine may have both. Here:");
    say!("");
    say!("  {:<11} {:<8} my group", "controller", "version");
    for controller in Controller::ALL {
        match machine.hierarchy_of(controller) {
            None => say!("  {:<11} {:<8}", controller.to_string(), "none"),
            Some(hierarchy) => {
                let version = if hierarchy.version == Version::V1 { "v1" } else { "v2" };
                say!(
                    "  {:<11} {version:<8} {}",
                    controller.to_string(),
                    fitted(&hierarchy.own.display().to_string(), 57)
                );
            }
        }
    }
    telling.pause()
}

/// All that takes groups of our own.
fn hogs(telling: &Telling, scene: &Scene<'_>) -> Result<()> {
    processor(telling, scene)?;
    memory(telling, scene)?;
    forks(telling, scene)?;
    inheritance(telling, scene)
}

fn processor(telling: &Telling, scene: &Scene<'_>) -> Result<()> {
    telling.title("A processor hog, held to a fifth of a processor")?;
    say!("  run --cpus 0.2 -- sh -c 'while :; do :; done'");
    say!("");
    let hog = scene.start(&["--cpus", "0.2"], "while :; do :; done & read line")?;
    // Once it has come to its limit it is at work.
    while Stats::of(&hog.group).cpu.throttled_periods == 0 {
        sleep(Duration::from_millis(5));
    }
    let begin = Instant::now();
    let before = Stats::of(&hog.group).cpu;
    let live = std::io::stdout().is_terminal();
    let cpu = loop {
        sleep(Duration::from_millis(100));
        let cpu = Stats::of(&hog.group).cpu;
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
    telling.pause()
}

/// `[####................]  20 % of a processor`
fn bar(share: f64) -> String {
    let full = ((share * 40.0).round() as usize).min(40);
    format!("[{}{}] {:>3.0} % of a processor", "#".repeat(full), ".".repeat(40 - full), share * 100.0)
}

fn memory(telling: &Telling, scene: &Scene<'_>) -> Result<()> {
    telling.title("A memory hog, held to 64 MB")?;
    say!("  run --memory 64m --memory-swap 64m -- tail /dev/zero");
    say!("");
    // The shell survives its child, so that there is a group to look at.
    let mut hog =
        scene.start(&["--memory", "64m", "--memory-swap", "64m"], "tail /dev/zero 2>/dev/null; echo $?; read line")?;
    let status = hog.line()?;
    let events = Events::of(&hog.group);
    let (file, text) = scene::oom_file(&hog.group);
    say!("tail looks for the end of a line, and /dev/zero has none: it keeps all it reads.");
    say!("It ended with status {status}: 128 + 9, SIGKILL. Nobody sent it: the kernel did,");
    say!("and counted it ({} of the group):", file);
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
    telling.pause()
}

fn forks(telling: &Telling, scene: &Scene<'_>) -> Result<()> {
    telling.title("A fork bomb, held to 20 processes")?;
    say!("  run --pids-limit 20 -- sh -c 'while sleep 60 & do :; done'");
    say!("");
    let bomb = "sh -c 'while sleep 60 & do :; done' 2>/tmp/said; head -n 1 /tmp/said; read line";
    let mut hog = scene.start(&["--pids-limit", "20"], bomb)?;
    let said = hog.line()?;
    let (pids, events) = (Stats::of(&hog.group).pids.unwrap_or_default(), Events::of(&hog.group));
    say!("The shell said: {}", fitted(&said, 62));
    say!("");
    say!("  pids.current  {:<8} alive in the group", pids.current);
    say!("  pids.max      {:<8} the limit", pids.limit.map_or_else(|| "max".into(), |limit| limit.to_string()));
    say!("  pids.events   max {:<4} forks that were refused", events.forks_refused);
    say!("");
    say!("All of them end with the group: that is how a container's processes are found.");
    hog.end()?;
    telling.pause()
}

fn inheritance(telling: &Telling, scene: &Scene<'_>) -> Result<()> {
    telling.title("A group in a group")?;
    let parent = format!("tour-{}", std::process::id());
    say!("  run --cgroup-parent {parent} --pids-limit 100 -- …");
    say!("");
    let bomb = "sh -c 'while sleep 60 & do :; done' 2>/dev/null; echo; read line";
    let first = scene.start(&["--cgroup-parent", &parent, "--pids-limit", "100"], "read line")?;
    let Some(above) = first.group.part(Controller::Pids).and_then(|part| Some(part.folder.parent()?.to_path_buf()))
    else {
        return Ok(());
    };
    fs::write(above.join(crate::v2::pids::MAX), "10")?;
    let mut second = scene.start(&["--cgroup-parent", &parent, "--pids-limit", "100"], bomb)?;
    second.line()?;
    let pids = |running: &Running| Stats::of(&running.group).pids.unwrap_or_default();
    let number = |limit: Option<u64>| limit.map_or_else(|| "max".to_string(), |limit| limit.to_string());
    let current = fs::read_to_string(above.join(crate::v2::pids::CURRENT))?;
    say!("  {parent:<24} {:>3} processes   limit 10", current.trim());
    for (running, name) in [(&first, "quiet"), (&second, "bomb")] {
        let pids = pids(running);
        say!("    {name:<22} {:>3} processes   limit {}", pids.current, number(pids.limit));
    }
    say!("");
    say!("Each of the two may have 100 processes, by its own file. The group above them");
    say!("may have 10, and that holds for both together: a limit holds for all below it.");
    second.end()?;
    first.end()?;
    telling.pause()
}

/// What can be shown to somebody who may make no groups.
fn without_groups(telling: &Telling, machine: &Machine, error: &anyhow::Error) -> Result<()> {
    telling.title("What is left out, and how to get it")?;
    say!("Now a processor hog, a memory hog and a fork bomb would be held by limits. But:");
    say!("");
    for line in error.chain().flat_map(|part| part.to_string().lines().map(String::from).collect::<Vec<_>>()) {
        wrapped(&line)?;
    }
    telling.pause()?;
    telling.title("What holds for you already")?;
    say!("You are in groups yourself, whoever made them. In the one for memory:");
    say!("");
    if let Some(hierarchy) = machine.hierarchy_of(Controller::Memory) {
        let file = |v1: &'static str, v2: &'static str| if hierarchy.version == Version::V1 { v1 } else { v2 };
        let (usage, limit) = (
            file(crate::v1::memory::USAGE, crate::v2::memory::CURRENT),
            file(crate::v1::memory::LIMIT, crate::v2::memory::MAX),
        );
        for name in [usage, limit] {
            let text = fs::read_to_string(hierarchy.own.join(name)).unwrap_or_else(|_| "not there".into());
            let text = text.trim();
            let shown = match text.parse() {
                Ok(number) if number >= crate::v1::memory::NO_LIMIT => "no limit".into(),
                Ok(number) => shown(number),
                Err(_) => fitted(text, 40),
            };
            say!("  {name:<26} {shown}");
        }
    }
    telling.pause()
}

/// A line of any length, in lines of 78.
fn wrapped(line: &str) -> Result<()> {
    let mut row = String::from(" ");
    for word in line.split_whitespace() {
        if row.chars().count() + 1 + word.chars().count() > 78 {
            say!("{row}");
            row = String::from("   ");
        }
        row.push(' ');
        row.push_str(word);
    }
    say!("{row}");
    Ok(())
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
