//! `mydocker run` from outside, with whatever answers it was built of.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitCode, Output, Stdio};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::needs;

fn main() -> ExitCode {
    let mut cases = testkit::cases![
        the_command_sees_the_name_that_was_asked_for_and_the_host_keeps_its_own,
        it_works_without_the_lab_as_well,
        the_command_is_root_of_what_it_got,
        the_command_is_pid_1_and_ps_is_true,
        what_is_sent_to_mydocker_arrives_at_the_command,
        with_init_term_ends_a_command_that_has_no_handler,
        its_boot_clock_is_ahead_and_the_hosts_is_not,
        ipc_and_cgroup_namespaces_are_its_own,
        its_files_are_its_own_and_no_mount_is_seen_on_the_host,
        its_devices_work_and_no_disk_is_among_them,
        a_volume_is_shown_and_may_be_read_only,
        a_link_in_the_root_leads_no_volume_out,
        a_second_process_is_in_the_container_with_the_first,
        exit_codes_are_dockers,
        stdin_and_stdout_are_the_commands_alone,
        a_shell_on_a_terminal_ends_as_it_was_told,
        whose_steps_run_is_said_once,
        a_name_that_the_kernel_refuses_is_mydockers_error,
    ];
    // A lab in a lab has no groups of its own.
    let with_groups =
        testkit::cases![what_is_limited_stays_within_its_limits, a_paused_container_stands_still_until_it_may_go_on];
    cases.extend(with_groups.into_iter().map(|case| case.on_the_machine()));
    cases.extend(
        testkit::cases![a_time_that_is_refused_leaves_no_group].into_iter().map(|case| case.with_own_cgroups()),
    );
    testkit::run(cases)
}

fn mydocker(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mydocker"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Result<Output> {
    needs::user_namespaces()?;
    mydocker(arguments).stdin(Stdio::null()).output().context("mydocker starts")
}

/// One that says "ready" first, and has done so.
fn started(arguments: &[&str], stdin: Stdio) -> Result<Child> {
    needs::user_namespaces()?;
    let mut child = mydocker(arguments).stdin(stdin).stdout(Stdio::piped()).spawn()?;
    child.stdout.as_mut().context("its stdout")?.read_exact(&mut [0; "ready\n".len()])?;
    Ok(child)
}

fn send(child: &Child, signal: Signal) -> Result<()> {
    Ok(kill(Pid::from_raw(child.id() as i32), signal)?)
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// uname(2)'s answer, without a program for it.
const NAME: &str = "cat /proc/sys/kernel/hostname";

fn host() -> Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_string())
}

fn the_command_sees_the_name_that_was_asked_for_and_the_host_keeps_its_own() -> Result<()> {
    let before = host()?;
    let output = run(&["run", "--hostname", "boat", "sh", "-c", NAME])?;
    ensure!(stdout(&output) == "boat", "{output:?}");
    ensure!(host()? == before && before != "boat");
    Ok(())
}

fn it_works_without_the_lab_as_well() -> Result<()> {
    let before = host()?;
    let output = run(&["run", "--no-lab", "--hostname", "boat", "sh", "-c", NAME])?;
    ensure!(stdout(&output) == "boat", "{output:?}");
    ensure!(host()? == before);
    Ok(())
}

fn the_command_is_root_of_what_it_got() -> Result<()> {
    let output = run(&["run", "id", "-u"])?;
    ensure!(stdout(&output) == "0", "{output:?}");
    Ok(())
}

fn the_command_is_pid_1_and_ps_is_true() -> Result<()> {
    let output =
        run(&["run", "sh", "-c", "echo $$ $(cat /proc/self/status | grep NSpid) $(ls -d /proc/[0-9]* | wc -l)"])?;
    let words: Vec<String> = stdout(&output).split_whitespace().map(ToString::to_string).collect();
    ensure!(words.first().is_some_and(|pid| pid == "1"), "{output:?}");
    // The shell, and the two or three that count; the machine has more.
    let processes: usize = words.last().context("a count")?.parse()?;
    ensure!(processes <= 5, "{output:?}");
    Ok(())
}

fn what_is_sent_to_mydocker_arrives_at_the_command() -> Result<()> {
    let script = "trap 'exit 9' USR1; echo ready; while :; do sleep 0.05; done";
    let mut child = started(&["run", "--no-lab", "sh", "-c", script], Stdio::null())?;
    send(&child, Signal::SIGUSR1)?;
    let status = child.wait()?;
    ensure!(status.code() == Some(9), "{status:?}");
    Ok(())
}

fn with_init_term_ends_a_command_that_has_no_handler() -> Result<()> {
    let mut child = started(&["run", "--no-lab", "--init", "sh", "-c", "echo ready; exec sleep 60"], Stdio::null())?;
    send(&child, Signal::SIGTERM)?;
    let status = child.wait()?;
    ensure!(status.code() == Some(143), "{status:?}");
    Ok(())
}

fn its_boot_clock_is_ahead_and_the_hosts_is_not() -> Result<()> {
    let up = |text: &str| text.split('.').next().and_then(|seconds| seconds.parse::<i64>().ok()).context("seconds");
    let before = up(&std::fs::read_to_string("/proc/uptime")?)?;
    let output = run(&["run", "--boottime", "2d", "cat", "/proc/uptime"])?;
    let ahead = up(&stdout(&output))? - before;
    ensure!((2 * 86_400..2 * 86_400 + 100).contains(&ahead), "{ahead}: {output:?}");
    ensure!(up(&std::fs::read_to_string("/proc/uptime")?)? - before < 100);
    Ok(())
}

fn ipc_and_cgroup_namespaces_are_its_own() -> Result<()> {
    let ours = |kind: &str| Ok::<_, anyhow::Error>(std::fs::read_link(format!("/proc/self/ns/{kind}"))?);
    let output =
        run(&["run", "--no-lab", "sh", "-c", "readlink /proc/self/ns/ipc /proc/self/ns/cgroup /proc/self/ns/net"])?;
    let inside = stdout(&output);
    let shared: Vec<bool> = ["ipc", "cgroup", "net"]
        .iter()
        .map(|kind| Ok(inside.contains(ours(kind)?.to_str().unwrap_or_default())))
        .collect::<Result<_>>()?;
    ensure!(shared == [false, false, true], "{inside}: the network is for chapter 5");
    Ok(())
}

fn its_files_are_its_own_and_no_mount_is_seen_on_the_host() -> Result<()> {
    let mounts = || Ok::<_, anyhow::Error>(std::fs::read_to_string("/proc/self/mountinfo")?);
    let before = mounts()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("file");
    std::fs::write(&file, "the host's")?;
    let script =
        format!("cat {0}; mkdir -p {1}; echo overwritten >{0}; cat {0}; ls /", file.display(), folder.path().display());
    for place in ["--no-lab", "--init"] {
        let output = run(&["run", place, "sh", "-c", &script])?;
        let said = stdout(&output);
        ensure!(said.starts_with("overwritten\nbin\n") && !said.contains("the host's"), "{place}: {output:?}");
        ensure!(std::fs::read_to_string(&file)? == "the host's", "{place}: {output:?}");
    }
    ensure!(mounts()? == before, "{}", mounts()?);
    Ok(())
}

fn its_devices_work_and_no_disk_is_among_them() -> Result<()> {
    let script = "head -c 1 /dev/zero | wc -c; echo x >/dev/null; echo x 2>/dev/null >/dev/full || echo full; \
                  echo to stderr >/dev/stderr; ls -l /dev | grep -c '^b'";
    let output = run(&["run", "--no-lab", "sh", "-c", script])?;
    ensure!(stdout(&output) == "1\nfull\n0", "{output:?}");
    ensure!(stderr(&output).contains("to stderr"), "{output:?}");
    Ok(())
}

fn a_volume_is_shown_and_may_be_read_only() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("file"), "the host's")?;
    let source = folder.path().display();
    let (writable, read_only) = (format!("{source}:/data/new"), format!("{source}/file:/etc/hosts:ro"));
    for place in ["--no-lab", "--init"] {
        let script = "cat /etc/hosts; echo x 2>/dev/null >/etc/hosts || echo refused; echo more >/data/new/more";
        let missing = run(&["run", place, "-v", &writable, "sh", "-c", script])?;
        ensure!(missing.status.code() == Some(125) && stderr(&missing).contains("/data"), "{place}: {missing:?}");
        let here = writable.replace("/data/new", "/srv/new");
        let script = script.replace("/data", "/srv");
        let output = run(&["run", place, "-v", &here, "-v", &read_only, "sh", "-c", &script])?;
        ensure!(stdout(&output) == "the host'srefused", "{place}: {output:?}");
        let more = folder.path().join("more");
        ensure!(std::fs::read_to_string(&more)? == "more\n", "{place}: {output:?}");
        std::fs::remove_file(more)?;
        let none = run(&["run", place, "-v", &format!("{source}/none:/data"), "true"])?;
        ensure!(none.status.code() == Some(125) && stderr(&none).contains("/none"), "{place}: {none:?}");
    }
    Ok(())
}

/// The link is a stranger's, in another volume; what it leads to is only on the host.
fn a_link_in_the_root_leads_no_volume_out() -> Result<()> {
    let [strangers, hosts, ours] = [tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?];
    std::os::unix::fs::symlink(hosts.path(), strangers.path().join("out"))?;
    let volumes = [format!("{}:/srv/a", strangers.path().display()), format!("{}:/srv/a/out", ours.path().display())];
    let output = run(&["run", "--no-lab", "-v", &volumes[0], "-v", &volumes[1], "true"])?;
    ensure!(output.status.code() == Some(125) && stderr(&output).contains("/srv/a/out"), "{output:?}");
    // Where the link's end is in the root, that is the place.
    let other = format!("{}:{}", hosts.path().display(), hosts.path().display());
    std::fs::write(ours.path().join("mark"), "")?;
    let list = hosts.path().display().to_string();
    let output = run(&["run", "--no-lab", "-v", &volumes[0], "-v", &other, "-v", &volumes[1], "ls", &list])?;
    ensure!(stdout(&output) == "mark" && std::fs::read_dir(hosts.path())?.count() == 0, "{output:?}");
    Ok(())
}

fn what_is_limited_stays_within_its_limits() -> Result<()> {
    let limited =
        |option: &str, value: &str, script: &str| run(&["run", "--name", "limited", option, value, "sh", "-c", script]);
    let first = limited("--pids", "5", "cat /proc/self/cgroup")?;
    // Root may always make some, and then it has to be.
    let none = first.status.code() == Some(125) && !nix::unistd::geteuid().is_root();
    needs::that(!none, "a cgroup that may be divided")?;
    ensure!(first.status.success() && stdout(&first).lines().any(|line| line.ends_with(":/")), "{first:?}");
    let forks = limited("--pids", "3", "for n in 1 2 3 4 5; do sleep 1 & done; echo all")?;
    ensure!(!stdout(&forks).contains("all"), "{forks:?}");
    let hog = limited("--memory", "16m", "head -c 100m /dev/zero | tail; exit $?")?;
    ensure!(hog.status.code() == Some(137) && stderr(&hog).contains("out of memory"), "{hog:?}");
    let busy = limited("--cpus", "0.1", "timeout 1 sh -c 'while :; do :; done'; times")?;
    ensure!(busy.status.success(), "{busy:?}");
    let none = limited("--cpus", "0", "true")?;
    ensure!(none.status.code() == Some(125), "{none:?}");
    Ok(())
}

/// Without mydocker's own lab, in which every group goes: here the case's lab is the machine.
fn a_time_that_is_refused_leaves_no_group() -> Result<()> {
    let limited =
        |more: &[&str]| run(&[&["run", "--no-lab", "--name", "late", "--pids", "5"], more, &["true"]].concat());
    let first = limited(&[])?;
    let none = first.status.code() == Some(125) && !nix::unistd::geteuid().is_root();
    needs::that(!none, "a cgroup that may be divided")?;
    ensure!(first.status.success(), "{first:?}");
    let refused = limited(&["--boottime", "999999d"])?;
    ensure!(refused.status.code() == Some(125) && stderr(&refused).contains("timens_offsets"), "{refused:?}");
    // A group that was left is another container's: its name can't be had again.
    let again = limited(&[])?;
    ensure!(again.status.success(), "{again:?}");
    Ok(())
}

fn a_paused_container_stands_still_until_it_may_go_on() -> Result<()> {
    let first = run(&["run", "--pids", "5", "true"])?;
    let none = first.status.code() == Some(125) && !nix::unistd::geteuid().is_root();
    needs::that(!none, "a cgroup that may be divided")?;

    let name = format!("paused-{}", std::process::id());
    let script = "echo ready; while read line; do echo $line; done";
    let mut child = started(&["run", "--name", &name, "--pids", "5", "sh", "-c", script], Stdio::piped())?;
    let paused = run(&["pause", &name])?;
    child.stdin.as_mut().context("its stdin")?.write_all(b"heard\n")?;
    std::thread::sleep(std::time::Duration::from_millis(300));
    let said = {
        use std::os::fd::AsFd;
        let stdout = child.stdout.as_ref().context("its stdout")?;
        let mut events = [nix::poll::PollFd::new(stdout.as_fd(), nix::poll::PollFlags::POLLIN)];
        nix::poll::poll(&mut events, nix::poll::PollTimeout::ZERO)?
    };
    let unpaused = run(&["unpause", &name])?;
    ensure!(paused.status.success() && unpaused.status.success(), "{paused:?}, {unpaused:?}");
    ensure!(said == 0, "it has heard what was said to it while it was paused");
    child.stdout.as_mut().context("its stdout")?.read_exact(&mut [0; "heard\n".len()])?;

    // It ends with its lab, though it is paused: on v1 nothing frozen can be killed.
    ensure!(run(&["pause", &name])?.status.success());
    send(&child, Signal::SIGTERM)?;
    ensure!(child.wait()?.code() == Some(143));
    Ok(())
}

fn a_second_process_is_in_the_container_with_the_first() -> Result<()> {
    for (number, place) in [&["--no-lab"][..], &[]].into_iter().enumerate() {
        let name = format!("web-{number}-{}", std::process::id());
        let words = ["--name", &name, "--hostname", "boat", "sh", "-c", "echo ready; read line"];
        let mut first = started(&[&["run"], place, &words[..]].concat(), Stdio::piped())?;
        let listed = stdout(&run(&["ps"])?);
        ensure!(listed.contains(&name) && listed.contains("read line"), "{listed}");
        let script = format!("{NAME}; cat /proc/1/cmdline | tr '\\0' ' '; id -u; exit 5");
        let second = run(&["exec", &name, "sh", "-c", &script])?;
        first.stdin.take();
        first.wait()?;
        let said = stdout(&second);
        ensure!(said.starts_with("boat") && said.contains("read line") && said.ends_with('0'), "{second:?}");
        ensure!(second.status.code() == Some(5), "{second:?}");
        let gone = run(&["exec", &name, "true"])?;
        ensure!(gone.status.code() == Some(125) && stderr(&gone).contains("mydocker ps"), "{gone:?}");
    }
    Ok(())
}

fn exit_codes_are_dockers() -> Result<()> {
    for (arguments, code) in [
        (&["run", "sh", "-c", "exit 7"][..], 7),
        // PID 1 can't be killed from inside.
        (&["run", "sh", "-c", "kill -9 $$; exit 8"], 8),
        (&["run", "--init", "sh", "-c", "kill -9 $$"], 137),
        (&["run", "--init", "no-such-command"], 127),
        (&["run", "no-such-command"], 127),
        (&["run", "/etc/passwd"], 126),
        (&["run", "/"], 126),
        (&["run"], 125),
        (&["run", "--no-such-option", "true"], 125),
    ] {
        let output = run(arguments)?;
        ensure!(output.status.code() == Some(code), "{arguments:?}: expected {code}, got {output:?}");
    }
    Ok(())
}

fn stdin_and_stdout_are_the_commands_alone() -> Result<()> {
    needs::user_namespaces()?;
    let mut child = mydocker(&["run", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().context("its stdin")?.write_all(b"through and through")?;
    let output = child.wait_with_output()?;
    ensure!(output.stdout == b"through and through", "{output:?}");
    Ok(())
}

fn whose_steps_run_is_said_once() -> Result<()> {
    let output = run(&["run", "true"])?;
    ensure!(stderr(&output).matches("yours").count() == 1, "{output:?}");
    ensure!(stderr(&output).contains("1.1"), "{output:?}");
    ensure!(stderr(&output).lines().all(|line| line.chars().count() <= 80), "{output:?}");
    Ok(())
}

fn a_name_that_the_kernel_refuses_is_mydockers_error() -> Result<()> {
    let output = run(&["run", "--hostname", &"x".repeat(65), "true"])?;
    ensure!(output.status.code() == Some(125), "{output:?}");
    ensure!(stderr(&output).contains("EINVAL"), "it says what the kernel said: {output:?}");
    Ok(())
}

/// script(1) makes the terminal. In it, a shell that doesn't see its own process group can't give the terminal back.
fn a_shell_on_a_terminal_ends_as_it_was_told() -> Result<()> {
    needs::program("script")?;
    needs::user_namespaces()?;
    for init in ["", "--init"] {
        let command = format!("{} run --no-lab {init} sh", env!("CARGO_BIN_EXE_mydocker"));
        let mut script = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        // What is typed early waits in the terminal.
        script.stdin.as_mut().context("its stdin")?.write_all(b"exit 3\n")?;
        let mut said = String::new();
        script.stdout.as_mut().context("its stdout")?.read_to_string(&mut said)?;
        let status = script.wait()?;
        ensure!(status.code() == Some(3) && !said.contains("Cannot set tty"), "{init}: {status}, {said}");
    }
    Ok(())
}
