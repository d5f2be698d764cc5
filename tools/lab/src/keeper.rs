//! A process that outlives the lab by a moment: the outer stage may be killed before it has removed
//! the lab's cgroups.

use std::fs::{self, File};
use std::io::{PipeReader, PipeWriter, Read, pipe};
use std::os::fd::{AsRawFd, RawFd};

use anyhow::{Context, Result};
use nix::sys::prctl::set_name;
use nix::sys::wait::waitpid;
use nix::unistd::{close, dup2_stderr, dup2_stdin, dup2_stdout, setsid};

use crate::subtree::Subtree;
use crate::sys;

/// As long as somebody holds it (the outer stage, the lab's PID 1), the keeper waits.
pub(crate) struct Watch {
    _held: PipeWriter,
}

/// Starts the keeper, as nobody's child: it belongs to no lab and nobody waits for it.
pub(crate) fn start(subtree: &Subtree) -> Result<Watch> {
    let (reader, writer) = pipe().context("a pipe for the lab's keeper")?;
    match sys::fork().context("fork the lab's keeper")? {
        Some(child) => {
            let _ = waitpid(child, None);
            Ok(Watch { _held: writer })
        }
        None => {
            drop(writer);
            let _ = setsid();
            if let Ok(None) = sys::fork() {
                keep(subtree, reader);
            }
            sys::exit_now(0)
        }
    }
}

fn keep(subtree: &Subtree, mut reader: PipeReader) {
    let _ = set_name(c"lab-keeper");
    let _ = std::env::set_current_dir("/");
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        let _ = dup2_stdin(&null);
        let _ = dup2_stdout(&null);
        let _ = dup2_stderr(&null);
    }
    // Whoever waits for the end of a pipe mustn't wait for us.
    let ours: Vec<RawFd> = subtree.descriptors().into_iter().chain([reader.as_raw_fd()]).collect();
    for descriptor in open_descriptors().into_iter().filter(|fd| *fd > 2 && !ours.contains(fd)) {
        let _ = close(descriptor);
    }
    let _ = reader.read_to_end(&mut Vec::new());
    subtree.remove();
}

fn open_descriptors() -> Vec<RawFd> {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
