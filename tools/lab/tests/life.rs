//! How labs end: as their program did, in time, with their launcher, and leaving no process.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab::{Lab, observe};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::{needs, patiently, refusing, run_to_end};

fn main() -> ExitCode {
    // Started by the cases below: somebody who starts a lab and waits for it.
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--run-in-a-lab") {
        lab::enter_if_asked();
        let script = arguments.next().unwrap_or_default();
        let status = Lab::new().command("sh").args(["-c", &script]).status();
        return ExitCode::from(status.map_or(1, |status| status.code().unwrap_or(1) as u8));
    }
    let cases = testkit::cases![
        exit_statuses_pass,
        a_program_that_is_not_there_is_127_and_one_that_cannot_run_126,
        an_empty_environment_is_passed_on_empty,
        the_time_limit_kills_the_program_and_all_its_forks,
        when_the_program_is_gone_the_rest_is_killed,
        a_killed_starter_leaves_no_process,
        a_killed_outer_stage_leaves_no_process,
        term_ends_the_lab,
        a_thread_that_started_a_lab_may_end_before_it,
        the_outer_stage_holds_no_pipe_open,
        a_lab_survives_a_hangup_that_its_starter_ignores,
        ctrl_c_at_a_terminal_reaches_the_program,
        a_refusal_ends_with_125_and_the_cure,
        a_later_refusal_ends_with_125_and_names_the_step,
    ];
    testkit::run(cases)
}

const PATIENCE: Duration = Duration::from_secs(10);

fn eventually(mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + patiently(PATIENCE);
    while !condition() {
        if Instant::now() > end {
            return false;
        }
        sleep(Duration::from_millis(2));
    }
    true
}

/// A lab in which a program and a process of a session of its own run; with all its processes, as
/// numbered here.
fn busy_lab(lab: &Lab) -> Result<(Child, Vec<i32>)> {
    let mut command = lab.command("sh");
    command.args(["-c", "setsid sleep 100 & sleep 100 & wait"]).stdin(Stdio::null()).stderr(Stdio::piped());
    let outer = command.spawn()?;
    let processes = all_processes(outer.id() as i32)?;
    Ok((outer, processes))
}

/// PID 1, the shell, two sleepers.
fn all_processes(outer: i32) -> Result<Vec<i32>> {
    observe::program(outer, PATIENCE)?;
    ensure!(eventually(|| observe::descendants(outer).len() == 4), "{:?}", observe::descendants(outer));
    Ok(observe::descendants(outer))
}

fn nobody_is_left(processes: &[i32]) -> Result<()> {
    let gone = eventually(|| !processes.iter().any(|&pid| observe::process_exists(pid)));
    ensure!(gone, "still there: {processes:?}");
    Ok(())
}

fn exit_statuses_pass() -> Result<()> {
    for (script, expected) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -9 $$", 137),
        ("kill -64 $$", 192),
    ] {
        let status = Lab::as_caller().command("sh").args(["-c", script]).status()?;
        ensure!(status.code() == Some(expected), "{script}: {status}");
    }
    Ok(())
}

fn a_program_that_is_not_there_is_127_and_one_that_cannot_run_126() -> Result<()> {
    for (program, expected) in
        [("no-such-program", 127), ("/no/such/program", 127), ("/etc/passwd", 126), ("/etc", 126)]
    {
        let done = run_to_end(Lab::as_caller().command(program), PATIENCE)?;
        ensure!(done.status.code() == Some(expected), "{program}: {done:?}");
        ensure!(done.stderr.starts_with("lab: ") && done.stderr.contains(program), "{done:?}");
    }
    Ok(())
}

fn an_empty_environment_is_passed_on_empty() -> Result<()> {
    let mut command = Lab::as_caller().command("/usr/bin/env");
    command.env_clear().env("ONLY", "this");
    let done = run_to_end(command, PATIENCE)?;
    ensure!(done.stdout == "ONLY=this\n", "{done:?}");
    Ok(())
}

fn the_time_limit_kills_the_program_and_all_its_forks() -> Result<()> {
    let (outer, processes) = busy_lab(&Lab::new().time_limit(patiently(Duration::from_millis(500))))?;
    let started = Instant::now();
    let ended = outer.wait_with_output()?;
    ensure!(ended.status.code() == Some(lab::TIME_IS_UP), "{ended:?}");
    ensure!(started.elapsed() < patiently(Duration::from_secs(5)));
    ensure!(String::from_utf8_lossy(&ended.stderr).contains("time is up"), "{ended:?}");
    nobody_is_left(&processes)
}

fn when_the_program_is_gone_the_rest_is_killed() -> Result<()> {
    let mut outer = Lab::new()
        .command("sh")
        .args(["-c", "setsid sleep 100 & sleep 100 & read line"])
        .stdin(Stdio::piped())
        .spawn()?;
    let processes = all_processes(outer.id() as i32)?;
    // `wait` closes stdin, which ends `read` with status 1.
    ensure!(outer.wait()?.code() == Some(1));
    nobody_is_left(&processes)
}

fn a_killed_starter_leaves_no_process() -> Result<()> {
    let script = "setsid sleep 100 & sleep 100";
    let mut launcher = Command::new(std::env::current_exe()?).args(["--run-in-a-lab", script]).spawn()?;
    let pid = launcher.id() as i32;
    ensure!(eventually(|| observe::descendants(pid).len() == 5), "{:?}", observe::descendants(pid));
    let processes = observe::descendants(pid);
    launcher.kill()?;
    launcher.wait()?;
    nobody_is_left(&processes)
}

fn a_killed_outer_stage_leaves_no_process() -> Result<()> {
    let (mut outer, processes) = busy_lab(&Lab::new())?;
    outer.kill()?;
    outer.wait()?;
    nobody_is_left(&processes)
}

fn term_ends_the_lab() -> Result<()> {
    let (mut outer, processes) = busy_lab(&Lab::as_caller())?;
    kill(Pid::from_raw(outer.id() as i32), Signal::SIGTERM)?;
    ensure!(outer.wait()?.code() == Some(128 + 15));
    nobody_is_left(&processes)
}

fn a_thread_that_started_a_lab_may_end_before_it() -> Result<()> {
    let launcher = std::thread::spawn(|| Lab::new().command("sh").args(["-c", "sleep 0.3; exit 5"]).spawn());
    let mut outer = launcher.join().expect("the thread doesn't panic")?;
    ensure!(outer.wait()?.code() == Some(5), "the lab died with the thread");
    Ok(())
}

fn the_outer_stage_holds_no_pipe_open() -> Result<()> {
    let mut command = Lab::new().command("sh");
    command.args(["-c", "exec >&-; sleep 100"]).stdout(Stdio::piped());
    let mut outer = command.spawn()?;
    let mut said = String::new();
    // Comes back at once if the program's end was the only one, else in 100 s.
    std::io::Read::read_to_string(outer.stdout.as_mut().context("a pipe")?, &mut said)?;
    ensure!(outer.try_wait()?.is_none() && said.is_empty());
    outer.kill()?;
    outer.wait()?;
    Ok(())
}

fn a_lab_survives_a_hangup_that_its_starter_ignores() -> Result<()> {
    let script = "trap '' HUP; exec \"$0\" --run-in-a-lab 'read line; exit 6'";
    let mut command = Command::new("sh");
    let mut launcher = command.args(["-c", script]).arg(std::env::current_exe()?).stdin(Stdio::piped()).spawn()?;
    ensure!(eventually(|| observe::descendants(launcher.id() as i32).len() == 3));
    for pid in observe::descendants(launcher.id() as i32) {
        kill(Pid::from_raw(pid), Signal::SIGHUP)?;
    }
    ensure!(launcher.wait()?.code() == Some(6));
    Ok(())
}

fn ctrl_c_at_a_terminal_reaches_the_program() -> Result<()> {
    needs::program("script")?;
    // script(1) gives what it runs a terminal of its own, and -e its exit status.
    let program = "trap \"exit 3\" INT; echo ready; while :; do sleep 0.02; done";
    let line = format!("{} --run-in-a-lab '{program}'", std::env::current_exe()?.display());
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    let mut terminal = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut said = BufReader::new(terminal.stdout.take().context("a pipe")?);
    let mut first = String::new();
    said.read_line(&mut first)?;
    ensure!(first.trim() == "ready", "{first}");
    terminal.stdin.as_mut().context("a pipe")?.write_all(b"\x03")?;
    let status = terminal.wait()?;
    ensure!(status.code() == Some(3), "{status}");
    Ok(())
}

fn a_refusal_ends_with_125_and_the_cure() -> Result<()> {
    needs::ordinary_user()?;
    refusing::no_more_user_namespaces()?;
    let done = run_to_end(Lab::new().command("true"), PATIENCE)?;
    ensure!(done.status.code() == Some(lab::CANNOT_ENTER), "{done:?}");
    for expected in ["can't be entered", "CLONE_NEWUSER", "ENOSPC", "sudo sysctl -w user.max_user_namespaces="] {
        ensure!(done.stderr.contains(expected), "{expected:?} is missing in {done:?}");
    }
    Ok(())
}

fn a_later_refusal_ends_with_125_and_names_the_step() -> Result<()> {
    refusing::powers_refused()?;
    let done = run_to_end(Lab::new().command("true"), PATIENCE)?;
    ensure!(done.status.code() == Some(lab::CANNOT_ENTER), "{done:?}");
    for expected in ["can't be entered", "make all mounts private", "EPERM", "Cause: "] {
        ensure!(done.stderr.contains(expected), "{expected:?} is missing in {done:?}");
    }
    Ok(())
}
