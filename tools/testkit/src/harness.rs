//! The side of `cargo test`: a lab and a process for each case.

use std::io::pipe;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use doctor::Verdict;
use lab::Lab;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::capture::Capture;
use crate::case::Case;
use crate::inside::{self, CASE};
use crate::patience::patiently;
use crate::process::{run_to_end, wait_until};
use crate::skip::{self, SKIPPED};
use crate::totals;

/// How long the lab may take to end a case whose time is up, before it is killed itself.
const GRACE: Duration = Duration::from_secs(10);

/// The whole `main` of a test target: runs the cases that the command line asks for.
pub fn run(cases: Vec<Case>) -> ExitCode {
    lab::enter_if_asked();
    inside::turn_off_if_asked(&cases);
    let mut arguments = Arguments::from_args();
    // More at once than processors: most of the time, most cases wait for something.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(2 * processors);
    let live = arguments.nocapture;
    let trials = cases.into_iter().map(Arc::new).map(|case| {
        Trial::ignorable_test(case.name(), move || match run_stubbornly(&case, live) {
            Ok(Ended::Passed) => Ok(Completion::Completed),
            Ok(Ended::Skipped(reason)) => {
                skip::announce(&case.full_name(), &reason);
                totals::skipped(&reason);
                Ok(Completion::ignored_with(reason))
            }
            Ok(Ended::Failed(why)) => Err(Failed::from(why)),
            Err(error) => Err(Failed::from(format!("testkit: {error:?}"))),
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    totals::note(conclusion.num_passed, conclusion.num_failed);
    conclusion.exit_code()
}

#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Passed,
    Skipped(String),
    Failed(String),
}

/// Where CORACLE_UNSTABLE names a file, a case that fails is run once more. One that passes then is
/// noted there with what it said the first time: it is a fault of the case or of the program all
/// the same, which a run of some hundred cases on a busy machine should not stop at, nor hide.
fn run_stubbornly(case: &Case, live: bool) -> Result<Ended> {
    let first = run_case(case, live)?;
    let Ended::Failed(why) = &first else { return Ok(first) };
    let Some(file) = std::env::var_os("CORACLE_UNSTABLE") else { return Ok(first) };
    if run_case(case, live)? != Ended::Passed {
        return Ok(first);
    }
    skip::append(file.as_ref(), &format!("UNSTABLE {}: failed, and passed when run again", case.full_name()));
    eprintln!("UNSTABLE {}: it passed when run again; at first:\n{why}", case.full_name());
    Ok(Ended::Passed)
}

fn run_case(case: &Case, live: bool) -> Result<Ended> {
    // By this token we know the case's own word from whatever else it prints.
    let token = format!("coracle-skip-{:x}-", std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0));
    let (reader, writer) = pipe()?;
    let time_limit = patiently(case.time_limit);
    let mut command = case_process(case.lab().map(|lab| lab.time_limit(time_limit)));
    command.args([case.name(), &token]).stdin(Stdio::null());
    // One pipe for both, or their order is lost.
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().context("start the case")?;
    drop(command);
    let capture = Capture::start(reader, live, token.clone());
    let status = wait_until(&mut child, Instant::now() + time_limit + GRACE)?;
    let output = String::from_utf8_lossy(&capture.finish()).into_owned();
    let refused = status.and_then(|status| status.code()) == Some(lab::CANNOT_ENTER);
    if refused && let Some(reason) = why_labs_are_refused() {
        return Ok(Ended::Skipped(reason.clone()));
    }
    Ok(judge(status, &output, &token))
}

fn case_process(lab: Option<Lab>) -> Command {
    let program = "/proc/self/exe";
    let mut command = lab.map_or_else(|| Command::new(program), |lab| lab.command(program));
    command.arg(CASE);
    command
}

fn judge(status: Option<ExitStatus>, output: &str, token: &str) -> Ended {
    let reason = output.lines().find_map(|line| line.strip_prefix(token));
    let how = match status {
        Some(status) if status.success() => return Ended::Passed,
        Some(status) => match (status.code(), reason) {
            (Some(SKIPPED), Some(reason)) => return Ended::Skipped(reason.to_string()),
            (Some(lab::TIME_IS_UP), _) => "its time was up".to_string(),
            (Some(code), _) => format!("exit status {code}"),
            (None, _) => format!("its lab was killed by signal {}", status.signal().unwrap_or_default()),
        },
        None => "its lab didn't end when the time was up".to_string(),
    };
    Ended::Failed(if output.is_empty() { how } else { format!("{how}\n{output}") })
}

/// The reason why no lab can be entered on this machine; found out once, when a case met a refusal.
/// `None` where doctor finds nothing refused: then the lab is broken, which is a failure and not a
/// skip.
fn why_labs_are_refused() -> Option<&'static String> {
    static REASON: OnceLock<Option<String>> = OnceLock::new();
    let find_out = || {
        let mut command = case_process(Some(Lab::as_caller()));
        command.arg("");
        let output = run_to_end(command, GRACE).ok()?;
        let refused = output.status.code() == Some(lab::CANNOT_ENTER) && doctor::examine().verdict() != Verdict::Ready;
        // What the lab says first is that; what was refused is in its second line.
        let why = output.stderr.lines().map(str::trim).nth(1).unwrap_or("it can't be entered").to_string();
        refused.then(|| format!("needs a lab: {why}"))
    };
    REASON.get_or_init(find_out).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exited(code: i32) -> Option<ExitStatus> {
        Some(ExitStatus::from_raw(code << 8))
    }

    #[test]
    fn only_status_zero_is_a_pass() {
        assert_eq!(judge(exited(0), "whatever", "t-"), Ended::Passed);
        assert_eq!(judge(exited(101), "said", "t-"), Ended::Failed("exit status 101\nsaid".into()));
        assert_eq!(judge(None, "", "t-"), Ended::Failed("its lab didn't end when the time was up".into()));
    }

    #[test]
    fn a_skip_takes_both_the_status_and_the_harnesss_token() {
        assert_eq!(judge(exited(77), "x\nt-needs ip\n", "t-"), Ended::Skipped("needs ip".into()));
        assert!(matches!(judge(exited(77), "needs ip\n", "t-"), Ended::Failed(_)));
        assert_eq!(judge(exited(0), "t-needs ip\n", "t-"), Ended::Passed);
    }

    #[test]
    fn a_killed_lab_is_a_failure_that_names_the_signal() {
        let Ended::Failed(why) = judge(Some(ExitStatus::from_raw(9)), "", "t-") else { panic!("not a failure") };
        assert!(why.contains("signal 9"));
    }
}
