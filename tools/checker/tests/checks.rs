//! A program of checks, as whoever starts it sees it: what it says, how it ends, and that it
//! doesn't outlive its caller.

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use checker::{Blocked, Check, Judgement, Outcome, Program};
use exercise::{Difficulty, Exercise, Kind, Mistake};
use judgement::{Claim, Report};
use lab::{Lab, observe};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::{Output, eventually_within, run_to_end};

/// What this same program is when a case starts it: `checks`, or the `caller` of one.
const ROLE: &str = "ROLE";
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    match std::env::var(ROLE).as_deref() {
        Ok("checks") => return checker::main(&CHECKS),
        Ok("caller") => return call(),
        _ => {}
    }
    testkit::run(testkit::cases![
        what_a_check_says_is_printed_and_the_status_is_0,
        a_wrong_call_ends_with_2_and_shows_the_right_one,
        a_check_that_panics_says_nothing,
        a_killed_caller_takes_the_checks_and_their_lab_along,
        for_a_caller_that_is_gone_nothing_begins,
    ])
}

static CHECKS: [Check; 5] = [
    Check::new(&JUDGED, judged),
    Check::new(&BLOCKED, |_| Err(Blocked("no moon".into()).into())),
    Check::new(&FAILED, |_| Err(anyhow!("inner").context("outer"))),
    Check::new(&PANICS, |_| panic!("the panic's message")),
    Check::new(&HANGS, hangs),
];

static JUDGED: Exercise = exercise("judged");
static BLOCKED: Exercise = exercise("blocked");
static FAILED: Exercise = exercise("failed");
static PANICS: Exercise = exercise("panics");
static HANGS: Exercise = exercise("hangs");
static MISTAKE: Mistake = Mistake { id: "went-ashore", what: "", why: "" };

const fn exercise(name: &'static str) -> Exercise {
    let (title, chapter, page) = ("", "00-tests", "");
    Exercise {
        id: "0.1",
        name,
        title,
        kind: Kind::Build,
        minutes: 0,
        difficulty: Difficulty::Easy,
        chapter,
        page,
        shown_by: "",
        needs_cgroups: false,
        hints: &[],
        mistakes: &[],
    }
}

fn judged(program: &Program) -> Result<Judgement> {
    let outcomes = vec![Outcome::new("it floats", false, "a boat", program.executable().display())];
    Ok(Judgement { outcomes, mistake: Some(&MISTAKE), printed: "hello\n".into(), unjudged: String::new() })
}

fn hangs(_: &Program) -> Result<Judgement> {
    let ended = Lab::new().command("sleep").arg("1000").status()?;
    Err(anyhow!("the lab has ended: {ended}"))
}

fn checks(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env(ROLE, "checks").args(arguments).stdin(Stdio::null());
    Ok(command)
}

fn run_check(arguments: &[&str]) -> Result<Output> {
    run_to_end(checks(arguments)?, PATIENCE)
}

fn what_a_check_says_is_printed_and_the_status_is_0() -> Result<()> {
    let difference = Some(("a boat".to_string(), "/a/boat".to_string()));
    let claims = vec![Claim { claim: "it floats".into(), difference }];
    let judged =
        Report::Judged { claims, mistake: Some(MISTAKE.id.into()), printed: "hello\n".into(), unjudged: String::new() };
    for (name, expected) in [
        ("judged", judged),
        ("blocked", Report::Blocked("no moon".into())),
        ("failed", Report::Failed("outer: inner".into())),
    ] {
        let ended = run_check(&[name, "/a/boat"])?;
        ensure!(ended.status.code() == Some(0) && ended.stderr.is_empty(), "{name}: {ended:?}");
        ensure!(Report::from_json(ended.stdout.as_bytes())? == expected, "{name}: {ended:?}");
    }
    Ok(())
}

fn a_wrong_call_ends_with_2_and_shows_the_right_one() -> Result<()> {
    for wrong in [&[][..], &["judged"], &["sunk", "/a/boat"], &["judged", "/a/boat", "me"], &["a", "b", "1", "d"]] {
        let ended = run_check(wrong)?;
        ensure!(ended.status.code() == Some(2) && ended.stdout.is_empty(), "{wrong:?}: {ended:?}");
        ensure!(ended.stderr.contains("NAME PROGRAM [PARENT]"), "{wrong:?}: {ended:?}");
    }
    Ok(())
}

fn a_check_that_panics_says_nothing() -> Result<()> {
    let ended = run_check(&["panics", "/a/boat"])?;
    ensure!(ended.status.code() == Some(101) && ended.stdout.is_empty(), "{ended:?}");
    ensure!(ended.stderr.contains("the panic's message"), "{ended:?}");
    Ok(())
}

/// Starts checks that hang, and waits for them.
fn call() -> ExitCode {
    let own = std::process::id().to_string();
    let ended = checks(&["hangs", "/a/boat", &own]).and_then(|mut checks| Ok(checks.status()?));
    eprintln!("the checks have ended: {ended:?}");
    ExitCode::FAILURE
}

fn a_killed_caller_takes_the_checks_and_their_lab_along() -> Result<()> {
    let mut caller = Command::new(std::env::current_exe()?);
    let mut caller = caller.env(ROLE, "caller").stdin(Stdio::null()).spawn()?;
    let pid = caller.id() as i32;
    let is_sleep = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n");
    eventually_within(PATIENCE, "the program in the lab runs", || Ok(observe::descendants(pid).iter().any(is_sleep)))?;
    let all = observe::descendants(pid);
    // The checks, and their lab's outer stage, PID 1 and program.
    ensure!(all.len() >= 4, "{all:?}");
    kill(Pid::from_raw(pid), Signal::SIGKILL)?;
    caller.wait()?;
    // A zombie is nobody any more: whoever reaps orphans here may take its time.
    let is_gone =
        |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "));
    eventually_within(PATIENCE, "all processes are gone", || Ok(all.iter().all(is_gone)))
}

fn for_a_caller_that_is_gone_nothing_begins() -> Result<()> {
    // This case's own parent: alive, but not the parent of what is started here.
    let anothers = nix::unistd::getppid().to_string();
    let begun = std::time::Instant::now();
    let ended = run_check(&["hangs", "/a/boat", &anothers])?;
    ensure!(ended.status.code() == Some(2) && ended.stdout.is_empty(), "{ended:?}");
    ensure!(begun.elapsed() < PATIENCE / 2, "it has begun");
    Ok(())
}
