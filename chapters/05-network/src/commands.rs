//! How later tours speak: they type commands, as a reader would, and show what these print.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use ch01_namespaces::narration::fitted;
use ch01_namespaces::{StoreFlags, say};

/// The program that runs, as a tool of its own tour.
pub struct Commands {
    roots: Vec<OsString>,
    /// The container that the tour makes: gone when the tour ends, however it does.
    pub container: String,
    remove: &'static [&'static str],
}

impl Commands {
    /// With the caller's store, and the words that remove a container that runs.
    pub fn new(store: &StoreFlags, remove: &'static [&'static str]) -> Commands {
        let container = format!("tour-{}", std::process::id());
        Commands { roots: store.as_args_with_roots(), container, remove }
    }

    /// What a command prints.
    pub fn output(&self, args: &[&str]) -> Result<String> {
        let program = std::env::current_exe().context("cannot find our own program")?;
        let mut command = Command::new(program);
        command.args(&self.roots).args(args).stdin(Stdio::null());
        let output = command.output().with_context(|| format!("cannot run {}", args.join(" ")))?;
        let message = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} failed\n{}", args.join(" "), message.trim_end());
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_string())
    }

    /// A command and what it prints, each line as wide as a terminal.
    pub fn show(&self, args: &[&str]) -> Result<()> {
        say!("  $ {}", args.join(" "));
        for line in self.output(args)?.lines() {
            say!("  {}", fitted(line, 76));
        }
        Ok(())
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        let _ = self.output(&[self.remove, &[&self.container]].concat());
    }
}
