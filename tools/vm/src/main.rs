//! `cargo wb vm`: a command, or a shell, in the throwaway machine.

mod cli;

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use anyhow::Result;
use vm::Machine;

use crate::cli::Cli;

/// The machine can't be started.
const NO_MACHINE: u8 = 3;

fn main() -> ExitCode {
    match run(&Cli::read()) {
        Ok(status) => ExitCode::from(status as u8),
        Err(error) => {
            eprintln!("cargo wb: {error:#}");
            ExitCode::from(NO_MACHINE)
        }
    }
}

fn run(asked: &Cli) -> Result<i32> {
    if asked.install {
        vm::install()?;
        return Ok(0);
    }
    let machine = Machine::find(asked.kernel.as_deref())?;
    if asked.find {
        println!("{}", machine.acceleration());
        return Ok(0);
    }
    if stderr().is_terminal() {
        eprintln!("cargo wb: a throwaway machine boots; {}", machine.acceleration().time_to_boot());
    }
    let mut run = if asked.shell { machine.shell() } else { machine.command(&asked.command) }.memory(asked.memory);
    if let Some(limit) = asked.time_limit {
        run = run.time_limit(limit);
    }
    if let Some(user) = asked.user {
        run = run.user(user);
    }
    for directory in &asked.writable {
        run = run.writable(directory);
    }
    for path in &asked.visible {
        run = run.visible(path);
    }
    for (name, value) in &asked.env {
        run = run.env(name, value);
    }
    run.run()
}
