//! `wb vm`: a command, or a shell, in the throwaway machine.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use vm::{Machine, Size};

use crate::Exit;

#[derive(Debug, Args)]
pub struct Asked {
    /// Boot this kernel: the path of an image, or the release of an installed one
    #[arg(long, value_name = "PATH|RELEASE")]
    kernel: Option<String>,
    /// An interactive shell
    #[arg(long, conflicts_with_all = ["command", "install"])]
    shell: bool,
    /// The machine's memory, like 512M or 2G
    #[arg(long, default_value = "2G")]
    memory: Size,
    /// End the machine after this many seconds, boot included; the exit code is then 124
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    time_limit: Option<Duration>,
    /// A folder that the command may write to for good (may be repeated)
    #[arg(long, value_name = "FOLDER")]
    writable: Vec<PathBuf>,
    /// Download what the machine is made of (virtme-ng, a kernel) and stop
    #[arg(long, conflicts_with = "command")]
    install: bool,
    /// The command; build outside, run here: cargo wb vm -- target/debug/ch01-namespaces
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required_unless_present_any = ["shell", "install"])]
    command: Vec<OsString>,
}

pub const HELP: &str = "\
Boots a stock kernel in QEMU on this machine's own files, runs the command there as root, and is gone.
Cgroup v2 with all controllers, kernel modules, nothing to break. The files are read-only in it;
/tmp, /var/tmp, /run, /mnt, /var/lib and /dev/shm can be written, and what is written there is gone
afterwards. A command sees a file as it was when it first read it; a shell sees what you save meanwhile.
No network but lo. stdin, stdout and stderr are the command's; for a terminal use --shell.

Exit codes: the command's own (128+N when signal N ended it or this command), 124 the time was up,
3 the machine can't be started (the message says what to install).";

pub fn run(asked: &Asked) -> Result<Exit> {
    if asked.install {
        vm::install()?;
        return Ok(Exit::Well);
    }
    let machine = Machine::find(asked.kernel.as_deref())?;
    let mut run = if asked.shell { machine.shell() } else { machine.command(&asked.command) }.memory(asked.memory);
    if let Some(limit) = asked.time_limit {
        run = run.time_limit(limit);
    }
    for folder in &asked.writable {
        run = run.writable(folder);
    }
    Ok(Exit::Command(run.run()? as u8))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no number of seconds");
    Duration::try_from_secs_f64(text.parse().map_err(|_| wrong())?).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_a_number_of_seconds() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "-3", "1m", "NaN", "inf"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
