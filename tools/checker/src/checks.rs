use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use exercise::Exercise;
use judgement::{Judgement, Report};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::getppid;

use crate::Program;

/// An exercise, and how its answers are judged.
#[derive(Debug)]
pub struct Check {
    exercise: &'static Exercise,
    check: fn(&Program) -> Result<Judgement>,
}

impl Check {
    /// `check` runs the program and judges it. An error means that nothing could be said about the
    /// answer ([`crate::Blocked`]).
    pub const fn new(exercise: &'static Exercise, check: fn(&Program) -> Result<Judgement>) -> Check {
        Check { exercise, check }
    }
}

const USAGE: &str = "\
judges a built answer and prints what it has to say as JSON; `cargo wb check` runs it

    NAME PROGRAM [PARENT]

of the exercise NAME, in a lab; killed when PARENT, a process number, ends";

/// All of a chapter's program of checks. Its exit status is 0 whenever it has something to say,
/// which it prints as [`Report`]; 2 when it was called wrongly.
///
/// To be called in the first line of `main`, since labs begin by starting the program again.
pub fn main(checks: &[Check]) -> ExitCode {
    lab::enter_if_asked();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match judged(checks, &arguments) {
        Ok(said) => {
            println!("{}", said.to_json());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn judged(checks: &[Check], arguments: &[String]) -> Result<Report> {
    let (name, program, parent) = match arguments {
        [name, program] => (name, program, None),
        [name, program, parent] => (name, program, Some(parent.parse().context("PARENT is no number")?)),
        _ => bail!("{} arguments", arguments.len()),
    };
    if let Some(parent) = parent {
        die_with(parent)?;
    }
    let check = checks.iter().find(|check| check.exercise.name == name);
    let check = check.with_context(|| format!("no exercise of this chapter is called {name}"))?;
    Ok(Report::new((check.check)(&Program::new(program))))
}

/// Nobody would hear us any more, and our labs die with us. (What the signal tells of is the end of
/// the thread that has started us, which waits for us: prctl(2).)
fn die_with(parent: i32) -> Result<()> {
    set_pdeathsig(Signal::SIGKILL).context("asking to be killed with the workbook")?;
    if getppid().as_raw() != parent {
        // It ended before that took effect.
        bail!("process {parent} isn't, or is no longer, our parent");
    }
    Ok(())
}
