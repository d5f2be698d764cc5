//! Running a command to its end, or to ours.

use std::io::pipe;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::capture::Capture;
use crate::patience::patiently;

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    /// The first and the last 64 KiB, if it was more.
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command without stdin and gives what it said. After `limit` it is killed and that is an
/// error; output still held open by a process that it left behind isn't waited for.
pub fn run_to_end(mut command: Command, limit: Duration) -> Result<Output> {
    let limit = patiently(limit);
    let name = command.get_program().to_string_lossy().into_owned();
    let (stdout, stdout_writer) = pipe()?;
    let (stderr, stderr_writer) = pipe()?;
    command.stdin(Stdio::null()).stdout(stdout_writer).stderr(stderr_writer);
    let mut child = command.spawn().with_context(|| format!("start {name}"))?;
    // It holds our copies of the writing ends.
    drop(command);
    let stdout = Capture::start(stdout, false, String::new());
    let stderr = Capture::start(stderr, false, String::new());
    let status = wait_until(&mut child, Instant::now() + limit)?;
    let [stdout, stderr] = [stdout, stderr].map(|capture| String::from_utf8_lossy(&capture.finish()).into_owned());
    match status {
        Some(status) => Ok(Output { status, stdout, stderr }),
        None => anyhow::bail!("{name} was killed after {limit:?}\nstdout: {stdout}\nstderr: {stderr}"),
    }
}

/// `None` when it had to be killed.
pub(crate) fn wait_until(child: &mut Child, end: Instant) -> Result<Option<ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        // Often at first, seldom later: in an emulated machine looks are dear, and one waits long.
        sleep((begun.elapsed() / 16).clamp(Duration::from_millis(1), Duration::from_millis(50)));
    }
}
