//! `run -d`: a container that goes on when its maker has ended.
//!
//! ```text
//! mydocker run -d        prints the name, and ends
//! the shim (6.2)         waits, and notes the exit code
//!  └─ mydocker keep-log  writes each line of the output to the log (6.3)
//!      └─ mydocker run   as in the foreground: in a lab, unless --no-lab was given. The lab
//!          └─ …          ends with the container
//! ```

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::{scope, sleep};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::answers::{detached, json_log};
use crate::arguments::{Container, IN_BACKGROUND, KEEP_LOG};
use crate::record::Record;
use crate::{list, logs};

/// Docker has no limit unless `--log-opt` sets one.
const MAX_SIZE: u64 = 10 << 20;
const MAX_FILES: u32 = 3;

/// A longer line is cut: it must not take the memory.
const LONGEST: u64 = 16 << 10;

/// Starts the container, and returns when it runs (or has run): its exit code then, or 0.
pub fn start(container: &Container) -> Result<i32> {
    let name = &container.name;
    ensure!(!list::runs(name), "the name {name} is in use\ncause: a container of this name runs\ncure: --name");
    let words: Vec<OsString> = env::args_os().skip(2).collect();
    let record = Record::create(name, &words)?;
    let us: [OsString; 3] = ["/proc/self/exe".into(), KEEP_LOG.into(), name.into()];

    // 6.2  In between is a process that waits for it, so that we needn't.
    detached::start_detached(&[&us[..], &words].concat(), &record.status())?;
    while !list::runs(name) {
        match record.exit_code() {
            // An error of mydocker's, or no such command. The message is in the log.
            Some(code @ 125..=127) => {
                logs::print(&record.log())?;
                return Ok(code);
            }
            Some(_) => break,
            None => sleep(Duration::from_millis(20)),
        }
    }
    println!("{name}");
    Ok(0)
}

/// Between the shim and the container: `words` are those of `run`.
pub fn keep_log(name: &str, words: &[OsString]) -> Result<i32> {
    let log = Record::find(name)?.log();
    let mut container = Command::new("/proc/self/exe")
        .arg0("mydocker")
        .args(["run", IN_BACKGROUND])
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting mydocker run")?;
    let (output, errors) = (container.stdout.take(), container.stderr.take());
    let writing = Mutex::new(());
    scope(|scope| {
        scope.spawn(|| output.map(|output| copy_lines(output, "stdout", &log, &writing)));
        scope.spawn(|| errors.map(|errors| copy_lines(errors, "stderr", &log, &writing)));
    });
    let status = container.wait().context("waiting for mydocker run")?;
    Ok(status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(125))
}

/// Until the stream ends. The container never waits for the disk to have room: what can't be
/// written is lost.
fn copy_lines(stream: impl Read, name: &str, log: &Path, writing: &Mutex<()>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while reader.by_ref().take(LONGEST).read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let _one_at_a_time = writing.lock().unwrap_or_else(PoisonError::into_inner);
        // 6.3  One line of JSON, and a new file when one is full.
        let _ = json_log::write_line(log, name, &given::now(), &String::from_utf8_lossy(&line), MAX_SIZE, MAX_FILES);
        line.clear();
    }
}
