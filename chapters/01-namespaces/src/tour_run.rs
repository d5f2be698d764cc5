//! The `run` of this program that a tour starts: what the tour shows is what everybody can do.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use crate::failure::{Failure, exit};

/// This program, to be started again.
pub fn this_program() -> Result<Command> {
    Ok(Command::new(std::env::current_exe().context("cannot find this program's own file")?))
}

/// A running `run`, whose streams are pipes. Its container ends with its stdin, so it also ends
/// when the tour is interrupted.
pub struct TourRun {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl TourRun {
    /// Starts it.
    pub fn start(command: &mut Command) -> Result<TourRun> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start this program again")?;
        let stdout = BufReader::new(child.stdout.take().context("no stdout")?);
        Ok(TourRun { child, stdout })
    }

    /// Waits until the container prints something: then it runs, and its state is on disk.
    pub fn wait_for_output(&mut self) -> Result<()> {
        if self.stdout.fill_buf()?.is_empty() {
            let status = self.child.wait()?;
            return Err(self.failure(status)?.into());
        }
        Ok(())
    }

    /// For a container that prints nothing: an error if it has ended.
    pub fn expect_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => Err(self.failure(status)?.into()),
            None => Ok(()),
        }
    }

    /// The next line that the container prints.
    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        Ok(line.trim().to_string())
    }

    /// The process id of the `run`.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the container, and waits until it is removed.
    pub fn end(&mut self) -> Result<ExitStatus> {
        drop(self.child.stdin.take());
        Ok(self.child.wait()?)
    }

    fn failure(&mut self, status: ExitStatus) -> Result<Failure> {
        let mut message = String::new();
        self.child.stderr.take().context("no stderr")?.read_to_string(&mut message)?;
        tour_ends_early(status, &message)
    }
}

impl Drop for TourRun {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The tour's error after a `run` has failed: the same message, without the program's name, which
/// the tour prints itself.
pub fn tour_ends_early(status: ExitStatus, stderr: &str) -> Result<Failure> {
    let me = std::env::current_exe().context("cannot find this program's own file")?;
    Ok(ends_early(&me, status.code().unwrap_or(exit::OURS.into()) as u8, stderr))
}

fn ends_early(me: &Path, code: u8, stderr: &str) -> Failure {
    let name = format!("{}: ", me.file_name().unwrap_or_default().display());
    let message = stderr.trim();
    let message = message.strip_prefix(&name).unwrap_or(message);
    Failure::new(code, format!("no container can be made here, so the tour ends early:\n{message}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_the_run_keeps_its_status_and_loses_the_programs_name() {
        let failure = ends_early(Path::new("/bin/ch01-namespaces"), 125, "ch01-namespaces: refused\n  cure: none\n");
        assert_eq!(failure.exit_code, 125);
        assert_eq!(failure.chain, ["no container can be made here, so the tour ends early:\nrefused\n  cure: none"]);
    }
}
