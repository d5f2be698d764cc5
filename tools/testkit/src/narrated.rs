//! A program that narrates its steps (`--explain=json`), stopped at one of them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus};

use anyhow::{Context, Result, ensure};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

/// A run whose narration goes into a pipe that holds one message: it goes no further than we read.
pub struct Narrated {
    child: Child,
    lines: std::io::Lines<BufReader<File>>,
}

impl Narrated {
    /// Begins it.
    pub fn from_command(mut command: Command) -> Result<Narrated> {
        let (reader, writer) = pipe2(OFlag::O_DIRECT | OFlag::O_CLOEXEC)?;
        fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096))?;
        let child = command.stderr(writer).spawn()?;
        Ok(Narrated { child, lines: BufReader::new(File::from(reader)).lines() })
    }

    /// The steps of one that must succeed.
    pub fn all_steps(mut self) -> Result<Vec<String>> {
        let mut steps = Vec::new();
        while let Some(step) = self.next_step()? {
            steps.push(step);
        }
        ensure!(self.child.wait()?.success(), "{steps:#?}");
        Ok(steps)
    }

    /// Lets it go on until it has narrated the step with this index.
    pub fn until(&mut self, index: usize) -> Result<()> {
        (0..=index).try_for_each(|_| self.next_step()?.context("it ended early").map(drop))
    }

    /// Kills it there.
    pub fn killed_after(mut self, index: usize) -> Result<()> {
        self.until(index)?;
        self.kill()
    }

    /// Kills it.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Its next step; `None` when it has closed its stderr.
    pub fn next_step(&mut self) -> Result<Option<String>> {
        Ok(self.lines.next().transpose()?)
    }

    /// What else it says on stderr, and how it ends.
    pub fn rest(mut self) -> Result<(String, ExitStatus)> {
        let mut rest = String::new();
        while let Some(line) = self.next_step()? {
            rest += &format!("{line}\n");
        }
        Ok((rest, self.child.wait()?))
    }
}
