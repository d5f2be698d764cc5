//! Whatever is done in a lab, by root too, harms nothing outside and leaves nothing: forks, memory, files, devices, the firewall, cgroups.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab::look::{self, By};
use lab::{Lab, Limits};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use testkit::{Output, eventually, needs, patiently, run_to_end};

const LIMITS: Limits = Limits { memory: Some(128 << 20), processes: Some(30) };

fn main() -> ExitCode {
    // The machine's own cgroups can't be had in a lab: these start their labs on the machine itself.
    let with_cgroups = testkit::cases![
        limits_hold_by_cgroup_where_one_can_be_made,
        a_fork_bomb_stops_at_the_limit_and_leaves_nothing,
        a_memory_hog_is_killed_and_the_machine_is_not,
        a_lab_that_ends_leaves_no_cgroup,
        a_killed_lab_leaves_no_cgroup,
        what_a_killed_lab_and_its_keeper_left_is_removed_by_the_next_one,
        a_lab_with_cgroups_of_its_own_may_change_those_and_no_others,
        what_is_frozen_ends_with_its_lab,
    ];
    let in_a_lab = testkit::root_cases![
        removing_everything_removes_nothing_outside,
        no_disk_is_in_a_labs_dev_and_none_can_be_made,
        a_terminal_opened_inside_is_the_labs_own,
        a_table_added_inside_stays_inside,
        where_no_cgroup_can_be_made_rlimits_are_said_to_hold,
    ];
    let with_own = testkit::cases![limits_hold_in_a_cgroup_that_was_handed_over_with_processes_in_it];
    let with_cgroups = with_cgroups.into_iter().map(|case| case.on_the_machine()).collect::<Vec<_>>();
    let with_own = with_own.into_iter().map(|case| case.with_own_cgroups()).collect::<Vec<_>>();
    testkit::run([with_cgroups, with_own, in_a_lab].concat())
}

fn in_lab(lab: &Lab, script: &str) -> Result<Output> {
    let mut command = lab.command("bash");
    command.args(["-c", script]);
    run_to_end(command, Duration::from_secs(30))
}

/// A lab whose program sleeps.
fn sleeping(lab: &Lab) -> Result<(Child, i32)> {
    let outer = lab.command("sleep").arg("100").stdin(Stdio::null()).spawn()?;
    let program = look::program(outer.id() as i32, Duration::from_secs(10))?;
    Ok((outer, program))
}

fn kill(pid: u32, signal: Signal) -> Result<()> {
    Ok(nix::sys::signal::kill(Pid::from_raw(pid as i32), signal)?)
}

fn end(mut outer: Child) -> Result<()> {
    kill(outer.id(), Signal::SIGTERM)?;
    outer.wait()?;
    Ok(())
}

/// Folders of labs' cgroups, anywhere on the machine.
fn cgroups_of(outer: u32) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with("coracle-lab-") && name.contains(&format!("-{outer}-")) {
                    found.push(entry.path());
                }
                folders.push(entry.path());
            }
        }
    }
    found
}

fn a_cgroup_can_be_made() -> Result<()> {
    needs::user_namespaces()?;
    let (outer, program) = sleeping(&Lab::new().limits(LIMITS))?;
    let in_force = look::limits(program)?;
    end(outer)?;
    let by_cgroup = |limit: Option<(By, u64)>| limit.is_some_and(|(by, _)| by == By::Cgroup);
    needs::that(by_cgroup(in_force.memory) && by_cgroup(in_force.processes), "a cgroup that may be divided")
}

fn limits_hold_by_cgroup_where_one_can_be_made() -> Result<()> {
    a_cgroup_can_be_made()?;
    let (outer, program) = sleeping(&Lab::new().limits(LIMITS))?;
    let in_force = look::limits(program)?;
    ensure!(in_force.memory == Some((By::Cgroup, 128 << 20)), "{in_force:?}");
    ensure!(in_force.processes == Some((By::Cgroup, 30)), "{in_force:?}");
    // Of itself the lab sees nothing: its cgroup is the root.
    let unlimited = look::limits(std::process::id() as i32)?;
    ensure!(unlimited.memory.is_none_or(|(by, _)| by == By::Rlimit), "{unlimited:?}");
    end(outer)
}

/// On v2 processes are only in leaves: the user's shell and we have to make room first.
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
    let in_force = look::limits(program)?;
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
        let mut all = look::descendants(pid);
        all.sort_unstable();
        all.dedup();
        most = most.max(all.iter().filter(|&&pid| look::process_exists(pid)).count());
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
    for victim in [None, Some(look::lab_init as fn(i32, Duration) -> Result<i32>), Some(look::program)] {
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

/// On v1 nothing frozen can be killed before it goes on, and PID 1 doesn't end before all others have.
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
            look::program(outer.id() as i32, Duration::from_secs(10))?;
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

/// Processes of this name that have no parent but the machine's PID 1 (or who else adopts).
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
    let processes = look::descendants(killed as i32);
    ensure!(!cgroups_of(killed).is_empty());
    outer.kill()?;
    outer.wait()?;
    eventually("its processes are gone", || Ok(!processes.iter().any(|&pid| look::process_exists(pid))))?;
    ensure!(in_lab(&lab, "true")?.status.success());
    ensure!(cgroups_of(killed).is_empty(), "{:?}", cgroups_of(killed));
    Ok(())
}

fn a_lab_with_cgroups_of_its_own_may_change_those_and_no_others() -> Result<()> {
    a_cgroup_can_be_made()?;
    let script = "made=0
        for folder in $(awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/self/mounts | sort -u); do
            mkdir -p $folder/mine/below \"$folder/mine/$(printf '\\377')\" && made=$((made + 1))
        done
        echo $made; find /sys/fs/cgroup -type d -name 'coracle-lab-*'; cut -d: -f3 /proc/self/cgroup | sort -u; sleep 100";
    let mut command = Lab::new().own_cgroups().command("bash");
    let mut outer = command.args(["-c", script]).stdout(Stdio::piped()).stdin(Stdio::null()).spawn()?;
    let mut said = std::io::BufReader::new(outer.stdout.take().context("a pipe")?);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line)?;
    let made: usize = line.trim().parse()?;
    ensure!(made >= 1 && cgroups_of(outer.id()).len() == made, "{made}, {:?}", cgroups_of(outer.id()));
    for folder in cgroups_of(outer.id()) {
        ensure!(folder.join("mine/below").is_dir(), "{}", folder.display());
    }
    line.clear();
    std::io::BufRead::read_line(&mut said, &mut line)?;
    ensure!(line == "/\n" || line == "/inside\n", "a name of the machine's: {line}");
    let killed = outer.id();
    end(outer)?;
    ensure!(cgroups_of(killed).is_empty(), "{:?}", cgroups_of(killed));
    Ok(())
}

fn removing_everything_removes_nothing_outside() -> Result<()> {
    for witness in ["/tmp/witness", "/run/witness", "/dev/shm/witness"] {
        fs::write(witness, "still here")?;
    }
    fs::create_dir("/tmp/kept")?;
    fs::write("/tmp/kept/witness", "still here")?;
    let before = look::mountinfo(std::process::id() as i32)?;
    let script = "exec 2>/dev/null; rm -rf /tmp/* /run/* /var/tmp/* /dev/shm/* /dev/* /etc /usr/bin/true /sys/kernel /sys/fs/cgroup/* /proc/sys
        ls /tmp/kept";
    let done = in_lab(&Lab::new().visible("/tmp/kept"), script)?;
    ensure!(done.stdout.starts_with("witness\n"), "{done:?}");
    for witness in ["/tmp/witness", "/run/witness", "/dev/shm/witness", "/tmp/kept/witness"] {
        ensure!(fs::read_to_string(witness)? == "still here");
    }
    for file in ["/etc/passwd", "/usr/bin/true", "/dev/null", "/sys/kernel"] {
        ensure!(fs::exists(file)?, "{file} is gone");
    }
    ensure!(look::mountinfo(std::process::id() as i32)? == before);
    Ok(())
}

fn no_disk_is_in_a_labs_dev_and_none_can_be_made() -> Result<()> {
    let script = "find /dev -type b -o -name kmsg -o -name mem -o -name port | wc -l
        mknod /dev/disk b 7 0; mknod /tmp/disk b 7 0; mknod /dev/shm/disk b 7 0
        for disk in /tmp/disk /dev/shm/disk /dev/disk; do head -c 1 $disk >/dev/null 2>&1 && echo read; done
        echo x >/dev/null && head -c 3 /dev/zero | wc -c";
    let done = in_lab(&Lab::new(), script)?;
    ensure!(done.stdout == "0\n3\n", "{done:?}");
    Ok(())
}

fn a_terminal_opened_inside_is_the_labs_own() -> Result<()> {
    needs::program("script")?;
    let terminals = || fs::read_dir("/dev/pts").map(|entries| entries.count());
    let before = terminals()?;
    let mut command = Lab::new().command("script");
    command.args(["--quiet", "--return", "--command", "tty; ls /dev/pts; read line", "/dev/null"]);
    let mut outer = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    look::program(outer.id() as i32, Duration::from_secs(10))?;
    let on_a_terminal =
        |pid: i32| fs::read_link(format!("/proc/{pid}/fd/0")).is_ok_and(|file| file.starts_with("/dev/pts"));
    eventually("its shell runs on a terminal", || {
        Ok(look::descendants(outer.id() as i32).into_iter().any(on_a_terminal))
    })?;
    ensure!(terminals()? == before);
    std::io::Write::write_all(outer.stdin.as_mut().context("a pipe")?, b"\n")?;
    let mut said = String::new();
    std::io::Read::read_to_string(outer.stdout.as_mut().context("a pipe")?, &mut said)?;
    ensure!(said.contains("/dev/pts/0"), "{said}");
    ensure!(outer.wait()?.success());
    Ok(())
}

fn a_table_added_inside_stays_inside() -> Result<()> {
    needs::program("nft")?;
    let rules = || run_to_end(nft(&["list", "ruleset"]), Duration::from_secs(10)).map(|done| done.stdout);
    ensure!(run_to_end(nft(&["add", "table", "inet", "outside"]), Duration::from_secs(10))?.status.success());
    let before = rules()?;
    let done = in_lab(&Lab::new(), "nft add table inet inside && nft list ruleset && nft flush ruleset")?;
    ensure!(done.status.success() && done.stdout.contains("inside") && !done.stdout.contains("outside"), "{done:?}");
    ensure!(rules()? == before && before.contains("outside"));
    Ok(())
}

fn nft(arguments: &[&str]) -> Command {
    let mut command = Command::new("nft");
    command.args(arguments);
    command
}

fn where_no_cgroup_can_be_made_rlimits_are_said_to_hold() -> Result<()> {
    // A lab in a lab, whose cgroups are read-only.
    let (outer, program) = sleeping(&Lab::new().limits(LIMITS))?;
    let in_force = look::limits(program)?;
    ensure!(in_force.memory == Some((By::Rlimit, 128 << 20)), "{in_force:?}");
    // RLIMIT_NPROC doesn't bind the machine's root; then it isn't said to.
    let root = needs::root().is_ok();
    ensure!(in_force.processes == if root { None } else { Some((By::Rlimit, 30)) }, "{in_force:?}");
    end(outer)
}
