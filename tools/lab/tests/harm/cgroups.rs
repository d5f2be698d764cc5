//! Cgroups: limits hold, and none is left.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab::Lab;
use lab::observe::{self, By};
use nix::sys::signal::Signal;
use testkit::{Case, eventually, needs, patiently};

use crate::labs::{LIMITS, a_cgroup_can_be_made, cgroups_of, end, in_lab, kill, sleeping};

pub fn cases() -> Vec<Case> {
    // The machine's own cgroups can't be had in a lab: these start their labs on the machine itself.
    let with_the_machines = testkit::cases![
        limits_hold_by_cgroup_where_one_can_be_made,
        a_fork_bomb_stops_at_the_limit_and_leaves_nothing,
        a_memory_hog_is_killed_and_the_machine_is_not,
        a_lab_that_ends_leaves_no_cgroup,
        a_killed_lab_leaves_no_cgroup,
        what_a_killed_lab_and_its_keeper_left_is_removed_by_the_next_one,
        a_lab_with_cgroups_of_its_own_may_change_those_and_no_others,
        what_is_frozen_ends_with_its_lab,
    ];
    let with_own = testkit::cases![limits_hold_in_a_cgroup_that_was_handed_over_with_processes_in_it];
    let with_the_machines = with_the_machines.into_iter().map(|case| case.on_the_machine());
    with_the_machines.chain(with_own.into_iter().map(|case| case.with_own_cgroups())).collect()
}

fn limits_hold_by_cgroup_where_one_can_be_made() -> Result<()> {
    a_cgroup_can_be_made()?;
    let (outer, program) = sleeping(&Lab::new().limits(LIMITS))?;
    let in_force = observe::limits(program)?;
    ensure!(in_force.memory == Some((By::Cgroup, 128 << 20)), "{in_force:?}");
    ensure!(in_force.processes == Some((By::Cgroup, 30)), "{in_force:?}");
    // Of itself the lab sees nothing: its cgroup is the root.
    let unlimited = observe::limits(std::process::id() as i32)?;
    ensure!(unlimited.memory.is_none_or(|(by, _)| by == By::Rlimit), "{unlimited:?}");
    end(outer)
}

fn limits_hold_in_a_cgroup_that_was_handed_over_with_processes_in_it() -> Result<()> {
    needs::root()?;
    let top = Path::new("/sys/fs/cgroup");
    let has = |name| {
        fs::read_to_string(top.join("cgroup.controllers")).is_ok_and(|all| all.split(' ').any(|one| one.trim() == name))
    };
    needs::that(has("memory") && has("pids"), "cgroup v2")?;
    fs::write(top.join("cgroup.subtree_control"), "+memory +pids")?;
    let group = top.join("handed");
    fs::create_dir(&group)?;
    for file in ["", "cgroup.procs", "cgroup.subtree_control"] {
        std::os::unix::fs::chown(group.join(file), Some(12345), Some(12345))?;
    }
    let mut shell = Command::new("sleep").arg("100").spawn()?;
    for process in [shell.id(), std::process::id()] {
        fs::write(group.join("cgroup.procs"), process.to_string())?;
    }
    nix::unistd::setgroups(&[])?;
    nix::unistd::setgid(12345.into())?;
    nix::unistd::setuid(12345.into())?;

    let (outer, program) = sleeping(&Lab::new().limits(LIMITS))?;
    let in_force = observe::limits(program)?;
    ensure!(in_force.memory == Some((By::Cgroup, 128 << 20)), "{in_force:?}");
    let of_the_shell = fs::read_to_string(format!("/proc/{}/cgroup", shell.id()))?;
    ensure!(of_the_shell.contains("/handed/coracle-lab-supervisor"), "{of_the_shell}");
    let lab = outer.id();
    end(outer)?;
    ensure!(cgroups_of(lab).is_empty(), "{:?}", cgroups_of(lab));
    // It was started by root, whom we are no longer; the case's lab ends it.
    let _ = shell.kill();
    Ok(())
}

fn a_fork_bomb_stops_at_the_limit_and_leaves_nothing() -> Result<()> {
    a_cgroup_can_be_made()?;
    let lab = Lab::new().limits(LIMITS).time_limit(patiently(Duration::from_secs(2)));
    let mut command = lab.command("bash");
    command.args(["-c", "bomb() { bomb | bomb & }; bomb; while :; do :; done"]);
    let mut outer = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let pid = outer.id() as i32;
    let (mut most, begun) = (0, Instant::now());
    let status = loop {
        // Numbers are reused while we count: whoever is counted twice isn't two.
        let mut all = observe::descendants(pid);
        all.sort_unstable();
        all.dedup();
        most = most.max(all.iter().filter(|&&pid| observe::process_exists(pid)).count());
        if let Some(status) = outer.try_wait()? {
            break status;
        }
        ensure!(begun.elapsed() < patiently(Duration::from_secs(40)), "the bomb outlives its time");
    };
    ensure!(status.code() == Some(lab::TIME_IS_UP), "{status}");
    ensure!((10..=31).contains(&most), "{most} processes");
    ensure!(Command::new("true").status()?.success());
    ensure!(cgroups_of(outer.id()).is_empty(), "{:?}", cgroups_of(outer.id()));
    Ok(())
}

fn a_memory_hog_is_killed_and_the_machine_is_not() -> Result<()> {
    a_cgroup_can_be_made()?;
    let hog = "head -c 400000000 /dev/zero | tail -n 1 | wc -c; echo ${PIPESTATUS[1]}";
    let done = in_lab(&Lab::new().limits(LIMITS), hog)?;
    // `tail` has to hold it all.
    ensure!(done.stdout == "0\n137\n", "{done:?}");
    Ok(())
}

fn a_lab_that_ends_leaves_no_cgroup() -> Result<()> {
    a_cgroup_can_be_made()?;
    // By itself, by the death of its PID 1, by the death of its program.
    for victim in [None, Some(observe::lab_init as fn(i32, Duration) -> Result<i32>), Some(observe::program)] {
        let mut command = Lab::new().limits(LIMITS).own_cgroups().command("sleep");
        let mut outer = command.arg(if victim.is_none() { "0.1" } else { "100" }).spawn()?;
        if let Some(victim) = victim {
            let victim = victim(outer.id() as i32, Duration::from_secs(10))?;
            ensure!(!cgroups_of(outer.id()).is_empty());
            kill(victim as u32, Signal::SIGKILL)?;
        }
        outer.wait()?;
        ensure!(cgroups_of(outer.id()).is_empty(), "{:?}", cgroups_of(outer.id()));
    }
    Ok(())
}

fn what_is_frozen_ends_with_its_lab() -> Result<()> {
    a_cgroup_can_be_made()?;
    let freeze = "top=/sys/fs/cgroup/freezer; [ -d $top ] || top=/sys/fs/cgroup; mkdir $top/still; sleep 100 & \
                  echo $! >$top/still/cgroup.procs; cd $top/still; \
                  if [ -f freezer.state ]; then echo FROZEN >freezer.state; else echo 1 >cgroup.freeze; fi; ";
    for (ends, outer_dies) in [("exit 3", false), ("exec sleep 100", false), ("exec sleep 100", true)] {
        let lab = Lab::new().own_cgroups();
        let mut command = lab.command("bash");
        let mut outer = command.args(["-c", &format!("{freeze}{ends}")]).stdin(Stdio::null()).spawn()?;
        if ends != "exit 3" {
            observe::program(outer.id() as i32, Duration::from_secs(10))?;
            std::thread::sleep(Duration::from_millis(700));
            kill(outer.id(), if outer_dies { Signal::SIGKILL } else { Signal::SIGTERM })?;
        }
        eventually("the lab has ended", || Ok(outer.try_wait()?.is_some()))?;
        eventually("its cgroups are gone", || Ok(cgroups_of(outer.id()).is_empty()))?;
    }
    Ok(())
}

fn a_killed_lab_leaves_no_cgroup() -> Result<()> {
    a_cgroup_can_be_made()?;
    let (mut outer, _) = sleeping(&Lab::new().limits(LIMITS).own_cgroups())?;
    ensure!(!cgroups_of(outer.id()).is_empty());
    outer.kill()?;
    outer.wait()?;
    eventually("its cgroups are gone", || Ok(cgroups_of(outer.id()).is_empty()))
}

fn keepers() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "lab-keeper\n"))
        .collect()
}

fn what_a_killed_lab_and_its_keeper_left_is_removed_by_the_next_one() -> Result<()> {
    a_cgroup_can_be_made()?;
    let lab = Lab::new().limits(LIMITS).own_cgroups();
    let others = keepers();
    let (mut outer, _) = sleeping(&lab)?;
    // Of labs begun meanwhile (other tests') a killed keeper does no harm.
    for keeper in keepers().into_iter().filter(|keeper| !others.contains(keeper)) {
        kill(keeper, Signal::SIGKILL)?;
    }
    let killed = outer.id();
    let processes = observe::descendants(killed as i32);
    ensure!(!cgroups_of(killed).is_empty());
    outer.kill()?;
    outer.wait()?;
    eventually("its processes are gone", || Ok(!processes.iter().any(|&pid| observe::process_exists(pid))))?;
    ensure!(in_lab(&lab, "true")?.status.success());
    ensure!(cgroups_of(killed).is_empty(), "{:?}", cgroups_of(killed));
    Ok(())
}

fn a_lab_with_cgroups_of_its_own_may_change_those_and_no_others() -> Result<()> {
    a_cgroup_can_be_made()?;
    let script = "made=0
        for directory in $(awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/self/mounts | sort -u); do
            mkdir -p $directory/mine/below \"$directory/mine/$(printf '\\377')\" && made=$((made + 1))
        done
        echo $made; find /sys/fs/cgroup -type d -name 'coracle-lab-*'; cut -d: -f3 /proc/self/cgroup | sort -u; sleep 100";
    let mut command = Lab::new().own_cgroups().command("bash");
    let mut outer = command.args(["-c", script]).stdout(Stdio::piped()).stdin(Stdio::null()).spawn()?;
    let mut said = std::io::BufReader::new(outer.stdout.take().context("a pipe")?);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line)?;
    let made: usize = line.trim().parse()?;
    ensure!(made >= 1 && cgroups_of(outer.id()).len() == made, "{made}, {:?}", cgroups_of(outer.id()));
    for directory in cgroups_of(outer.id()) {
        ensure!(directory.join("mine/below").is_dir(), "{}", directory.display());
    }
    line.clear();
    std::io::BufRead::read_line(&mut said, &mut line)?;
    ensure!(line == "/\n" || line == "/inside\n", "a name of the machine's: {line}");
    let killed = outer.id();
    end(outer)?;
    ensure!(cgroups_of(killed).is_empty(), "{:?}", cgroups_of(killed));
    Ok(())
}
