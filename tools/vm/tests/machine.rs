//! The machine as its callers see it. Each boot takes seconds on KVM, a quarter of a minute
//! without: few boots, many claims.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lab::observe;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::{eventually_within, needs, run_to_end};
use vm::Machine;

/// A boot on a busy machine without KVM.
const BOOT: Duration = Duration::from_secs(200);

fn main() -> ExitCode {
    // Not in a lab: its /dev and its caches are what this is about. What they write is in the run's own
    // directory.
    let cases = testkit::cases![
        words_streams_and_status_pass_and_inside_is_a_root_who_cannot_write_to_this_machine,
        an_ordinary_user_divides_the_cgroups_that_were_handed_over,
        a_machine_ends_in_time_and_by_signals_and_leaves_no_process,
        what_is_missing_is_named_with_the_command_that_installs_it,
    ];
    testkit::run(cases.into_iter().map(|case| case.on_the_machine().time_limit(4 * BOOT)).collect())
}

fn machine() -> Result<Machine> {
    match Machine::find(None) {
        Ok(machine) => Ok(machine),
        Err(missing) => Err(needs::that(false, missing.to_string().lines().next().unwrap_or_default()).unwrap_err()),
    }
}

fn in_a_machine(command: &[&str]) -> Result<Command> {
    let mut process = Command::new(env!("CARGO_BIN_EXE_vm"));
    process.arg("--").args(command);
    Ok(process)
}

fn words_streams_and_status_pass_and_inside_is_a_root_who_cannot_write_to_this_machine() -> Result<()> {
    let machine = machine()?;
    let shared = tempfile()?;
    fs::write(shared.join("kept"), "outside")?;
    let script = r#"
        cat; pwd; echo "$1|$RUST_TEST|$HOME"; echo words >&2; echo again >/dev/stderr
        id -u; uname -r; cat /sys/fs/cgroup/cgroup.controllers; stat -f -c %T /sys/fs/cgroup
        modprobe -a overlay veth bridge nf_tables fuse && echo loaded
        mkdir -p /tmp/o/u /tmp/o/w /tmp/o/m && mount -t overlay -o lowerdir=/etc,upperdir=/tmp/o/u,workdir=/tmp/o/w none /tmp/o/m && echo mounted
        grep -q '^/dev/root / 9p ro,.*cache=' /proc/self/mounts && echo "reads once"
        for directory in /tmp /run /var/lib /dev/shm /mnt; do touch $directory/x-from-a-vm || echo "can't write $directory"; done
        { touch "$PWD/x-from-a-vm" || touch /etc/x-from-a-vm; } 2>/dev/null && echo "could write the machine's files"
        cat "$0/kept"; echo inside >"$0/new"
        sleep 999 & exit 7
    "#;
    let directory = shared.to_str().context("UTF-8")?;
    let mut process = Command::new(env!("CARGO_BIN_EXE_vm"));
    process.args(["--writable", directory, "--", "sh", "-c", script, directory, "two  words, 'quoted'"]);
    process.env("RUST_TEST", "a b").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = process.spawn()?;
    let text = "line\n".repeat(20_000);
    // Closed behind it, which ends `cat`.
    process.stdin.take().context("a pipe")?.write_all(text.as_bytes())?;
    let ended = process.wait_with_output()?;
    let stdout = String::from_utf8_lossy(&ended.stdout);
    let before = format!("{text}{}\ntwo  words, 'quoted'|a b|/root\n", std::env::current_dir()?.display());
    let Some(inside) = stdout.strip_prefix(&before) else {
        bail!("{} bytes: …{}", stdout.len(), &stdout[stdout.len().saturating_sub(900)..])
    };
    ensure!(ended.stderr == b"words\nagain\n", "{}", String::from_utf8_lossy(&ended.stderr));
    ensure!(ended.status.code() == Some(7), "{}", ended.status);
    let lines: Vec<&str> = inside.lines().collect();
    ensure!(lines.len() == 8 && lines[0] == "0" && lines[3] == "cgroup2fs", "{inside}");
    ensure!(machine.kernel().release.is_empty() || lines[1] == machine.kernel().release, "{inside}");
    for controller in ["cpuset", "cpu", "io", "memory", "pids"] {
        ensure!(lines[2].split(' ').any(|name| name == controller), "{controller} in {inside}");
    }
    ensure!(lines[4..] == ["loaded", "mounted", "reads once", "outside"], "{inside}");
    ensure!(fs::read_to_string(shared.join("new"))? == "inside\n");
    for place in ["/tmp", "/run", "/var/lib", "/dev/shm", "/mnt", "/etc", "."] {
        ensure!(!fs::exists(format!("{place}/x-from-a-vm"))?, "{place} was written");
    }
    fs::remove_dir_all(shared)?;
    Ok(())
}

/// A directory for this process, in the machine's own /tmp.
fn an_ordinary_user_divides_the_cgroups_that_were_handed_over() -> Result<()> {
    machine()?;
    let script = r#"
        echo $(id -u):$(id -g) $HOME; cat /proc/self/cgroup; cd /sys/fs/cgroup/session
        mkdir mine && cat mine/cgroup.controllers && echo 64M >mine/memory.max && echo 0 >mine/cgroup.procs && cat /proc/self/cgroup
        echo 0 2>/dev/null >/sys/fs/cgroup/cgroup.procs || echo "no further up"
    "#;
    let mut process = Command::new(env!("CARGO_BIN_EXE_vm"));
    let ended = process.args(["--user", "1234:567", "--", "sh", "-c", script]).stdin(Stdio::null()).output()?;
    let stdout = String::from_utf8_lossy(&ended.stdout).into_owned();
    let lines: Vec<&str> = stdout.lines().collect();
    let [who, before, controllers, after, "no further up"] = lines[..] else { bail!("{ended:?}") };
    ensure!(who == "1234:567 /tmp" && before == "0::/session/command" && after == "0::/session/mine", "{stdout}");
    ensure!(["cpu", "memory", "pids"].iter().all(|name| controllers.split(' ').any(|one| one == *name)), "{stdout}");
    Ok(())
}

fn tempfile() -> Result<std::path::PathBuf> {
    let directory = std::env::temp_dir().join(format!("coracle-vm-test-{}", std::process::id()));
    fs::create_dir(&directory)?;
    Ok(directory)
}

/// Waits for python3 and QEMU; all the processes.
fn booting(process: &Child) -> Result<Vec<i32>> {
    let pid = process.id() as i32;
    eventually_within(BOOT, "QEMU runs", || {
        Ok(observe::descendants(pid).iter().any(|pid| {
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("qemu-system"))
                && fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("-append"))
        }))
    })?;
    Ok(observe::descendants(pid))
}

fn nobody_is_left(processes: &[i32]) -> Result<()> {
    let is_gone = |pid: &i32| {
        // A zombie is nobody any more: whoever reaps orphans here may take its time.
        fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
    };
    eventually_within(Duration::from_secs(10), "all processes are gone", || Ok(processes.iter().all(is_gone)))
}

fn a_machine_ends_in_time_and_by_signals_and_leaves_no_process() -> Result<()> {
    // Four boots, which are the same for root.
    needs::ordinary_user()?;
    let machine = machine()?;
    for (signal, code) in [(Signal::SIGINT, Some(130)), (Signal::SIGTERM, Some(143)), (Signal::SIGKILL, None)] {
        let mut process = in_a_machine(&["sleep", "1000"])?.stdin(Stdio::null()).spawn()?;
        let processes = booting(&process)?;
        ensure!(processes.len() >= 2, "{processes:?}");
        kill(Pid::from_raw(process.id() as i32), signal)?;
        let ended = process.wait()?;
        ensure!(ended.code() == code, "{signal}: {ended}");
        nobody_is_left(&processes)?;
    }
    let limited = machine.command(["sleep", "1000"]).time_limit(Duration::from_secs(2)).output()?;
    ensure!(limited.status == vm::TIME_IS_UP, "{limited:?}");
    Ok(())
}

fn what_is_missing_is_named_with_the_command_that_installs_it() -> Result<()> {
    let mut process = in_a_machine(&["true"])?;
    process.env("PATH", "/no/such/directory").env("HOME", "/no/such/home").env_remove("XDG_CACHE_HOME");
    let ended = run_to_end(process, Duration::from_secs(20))?;
    ensure!(ended.status.code() == Some(3) && ended.stdout.is_empty(), "{ended:?}");
    ensure!(ended.stderr.contains("missing: qemu-system-x86_64"), "{ended:?}");
    ensure!(ended.stderr.contains("sudo apt-get install") || ended.stderr.contains("sudo dnf install"), "{ended:?}");
    Ok(())
}
