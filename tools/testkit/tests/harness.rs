//! The harness, tried on itself: what a case sees, and (in processes of their own) what becomes of
//! cases that fail, skip, hang or make noise.

use std::fs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

fn main() -> ExitCode {
    let mut cases = testkit::cases![
        a_case_is_alone_and_who_its_caller_is,
        a_failure_is_shown_with_its_output,
        a_panic_is_a_failure,
        an_unstable_case_is_run_again_where_that_is_noted_and_only_there,
        a_skip_is_announced_counted_apart_and_written_to_the_list,
        a_case_that_hangs_is_killed_with_all_it_started,
        a_case_that_prints_for_ever_is_a_failure_of_bounded_size,
        no_descriptor_of_the_caller_reaches_a_started_program,
        cases_can_be_listed_and_picked,
        where_no_lab_can_be_entered_every_case_is_a_skip_with_the_reason,
    ];
    cases.extend(testkit::root_cases![a_root_case_is_root_of_its_lab]);
    // Only the cases above start this: it is the same program, with badly behaved cases.
    if std::env::var_os("TRY").is_some() {
        cases = testkit::cases![fails, panics, skips, passes, is_noisy, shows_descriptors];
        cases.extend(testkit::cases![fails_once].into_iter().map(testkit::Case::on_the_machine));
        cases.extend(testkit::cases![hangs].into_iter().map(|case| case.time_limit(Duration::from_millis(300))));
    }
    testkit::run(cases)
}

fn fails() -> Result<()> {
    println!("said before");
    anyhow::bail!("the reason")
}

fn panics() -> Result<()> {
    panic!("the panic's message")
}

fn fails_once() -> Result<()> {
    let is_first = fs::File::create_new("/tmp/tried").is_ok();
    ensure!(!is_first, "the first time");
    Ok(())
}

fn skips() -> Result<()> {
    testkit::needs::that(false, "a moon")
}

fn passes() -> Result<()> {
    Ok(())
}

fn hangs() -> Result<()> {
    // A grandchild in a session of its own holds the pipe.
    Command::new("setsid").args(["sleep", "1000"]).spawn()?.wait()?;
    Ok(())
}

fn is_noisy() -> Result<()> {
    for _ in 0..200 {
        println!("{}", "noise".repeat(1000));
    }
    anyhow::bail!("the end")
}

fn shows_descriptors() -> Result<()> {
    let listed = Command::new("ls").arg("/proc/self/fd").output()?;
    anyhow::bail!("descriptors {}.", String::from_utf8(listed.stdout)?.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// This program with its bad cases.
fn try_case(arguments: &[&str]) -> Result<testkit::Output> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    testkit::run_to_end(with_bad_cases(command), Duration::from_secs(20))
}

fn with_bad_cases(mut command: Command) -> Command {
    command.env("TRY", "1").env("CORACLE_SKIPS", "/tmp/skips").env("RUST_BACKTRACE", "0");
    command.env_remove("CORACLE_UNSTABLE");
    command
}

fn a_case_is_alone_and_who_its_caller_is() -> Result<()> {
    ensure!(fs::read_dir("/proc/self/task")?.count() == 1, "a case is single-threaded");
    ensure!(fs::read_to_string("/proc/sys/kernel/hostname")?.trim() == "lab");
    let map = fs::read_to_string("/proc/self/uid_map")?;
    let mut words = map.split_whitespace();
    ensure!(words.next() == words.next(), "uids are the same inside and outside: {map}");
    let executable = std::env::current_exe()?;
    let mut in_tmp = fs::read_dir("/tmp")?.flatten().map(|entry| entry.path());
    ensure!(in_tmp.all(|path| executable.starts_with(path)), "/tmp is empty but for a checkout in it");
    Ok(())
}

fn a_root_case_is_root_of_its_lab() -> Result<()> {
    let status = fs::read_to_string("/proc/self/status")?;
    ensure!(status.contains("\nUid:\t0\t0\t0\t0\n"), "{status}");
    Command::new("true").status()?;
    nix::unistd::sethostname("renamed").context("root of the lab may rename it")
}

fn a_failure_is_shown_with_its_output() -> Result<()> {
    let tried = try_case(&["--exact", "fails"])?;
    ensure!(!tried.status.success());
    for expected in ["said before", "the reason", "exit status 101", "1 failed"] {
        ensure!(tried.stdout.contains(expected), "{expected:?} is missing in {tried:?}");
    }
    Ok(())
}

fn an_unstable_case_is_run_again_where_that_is_noted_and_only_there() -> Result<()> {
    let noting = |name| {
        let mut command = with_bad_cases(Command::new(std::env::current_exe()?));
        command.args(["--exact", name]).env("CORACLE_UNSTABLE", "/tmp/unstable");
        testkit::run_to_end(command, Duration::from_secs(20))
    };
    ensure!(
        try_case(&["--exact", "fails_once"])?.status.code() == Some(101),
        "without a place to note it, it is a failure"
    );
    fs::remove_file("/tmp/tried")?;
    let output = noting("fails_once")?;
    ensure!(output.status.success(), "{}", output.stdout);
    ensure!(output.stderr.contains("the first time"), "what it said at first is shown: {}", output.stderr);
    let noted = fs::read_to_string("/tmp/unstable")?;
    ensure!(noted == "UNSTABLE testkit::harness::fails_once: failed, and passed when run again\n", "{noted}");
    ensure!(noting("fails")?.status.code() == Some(101), "one that fails twice is a failure");
    ensure!(fs::read_to_string("/tmp/unstable")? == noted);
    Ok(())
}

fn a_panic_is_a_failure() -> Result<()> {
    let tried = try_case(&["--exact", "panics"])?;
    ensure!(!tried.status.success() && tried.stdout.contains("the panic's message"), "{tried:?}");
    Ok(())
}

fn a_skip_is_announced_counted_apart_and_written_to_the_list() -> Result<()> {
    for arguments in [&["--exact", "skips"][..], &["--exact", "skips", "--nocapture"]] {
        let tried = try_case(arguments)?;
        ensure!(tried.status.success(), "{tried:?}");
        ensure!(tried.stdout.contains("0 passed; 0 failed; 1 ignored"), "{tried:?}");
        ensure!(tried.stderr == "SKIP testkit::harness::skips: needs a moon\n", "{tried:?}");
    }
    let list = fs::read_to_string("/tmp/skips")?;
    ensure!(list == "SKIP testkit::harness::skips: needs a moon\n".repeat(2), "{list}");
    Ok(())
}

fn a_case_that_hangs_is_killed_with_all_it_started() -> Result<()> {
    testkit::needs::program("setsid")?;
    let started = Instant::now();
    let tried = try_case(&["--exact", "hangs"])?;
    ensure!(!tried.status.success() && tried.stdout.contains("its time was up"), "{tried:?}");
    ensure!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
    let left = Command::new("pgrep").args(["-x", "sleep"]).output();
    ensure!(left.is_err() || left.is_ok_and(|found| found.stdout.is_empty()), "the grandchild is still there");
    Ok(())
}

fn a_case_that_prints_for_ever_is_a_failure_of_bounded_size() -> Result<()> {
    let tried = try_case(&["--exact", "is_noisy"])?;
    ensure!(!tried.status.success());
    ensure!(tried.stdout.contains("the end") && tried.stdout.contains("bytes left out"), "{tried:?}");
    Ok(())
}

fn no_descriptor_of_the_caller_reaches_a_started_program() -> Result<()> {
    let mut careless = Command::new("sh");
    careless.args(["-c", "exec 9</dev/null; exec \"$0\" --exact shows_descriptors"]).arg(std::env::current_exe()?);
    let tried = testkit::run_to_end(with_bad_cases(careless), Duration::from_secs(20))?;
    // The fourth is that of the directory that ls reads.
    ensure!(tried.stdout.contains("descriptors 0 1 2 3."), "{tried:?}");
    Ok(())
}

fn cases_can_be_listed_and_picked() -> Result<()> {
    let listed = try_case(&["--list"])?;
    for name in ["fails", "passes"] {
        ensure!(listed.stdout.contains(&format!("{name}: test\n")), "{listed:?}");
    }
    let picked = try_case(&["passe"])?;
    ensure!(picked.status.success() && picked.stdout.contains("1 passed; 0 failed"), "{picked:?}");
    Ok(())
}

fn where_no_lab_can_be_entered_every_case_is_a_skip_with_the_reason() -> Result<()> {
    testkit::refusing::powers_refused()?;
    let tried = try_case(&["fails", "--exact"])?;
    ensure!(tried.status.success() && tried.stdout.contains("0 passed; 0 failed; 1 ignored"), "{tried:?}");
    ensure!(tried.stderr.starts_with("SKIP testkit::harness::fails: needs a lab: "), "{tried:?}");
    ensure!(fs::read_to_string("/tmp/skips")? == tried.stderr);
    Ok(())
}
