mod judge;
mod look;

use anyhow::Result;
use checker::{Judgement, Program, random};
use nix::sys::signal::Signal;

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    const OTHERS: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGUSR1, Signal::SIGUSR2];
    let code = || random::within(2..90) as i32;
    let signal = OTHERS[random::within(0..OTHERS.len() as u32) as usize];
    Ok(judge::judge(&judge::Runs {
        serving: look::serving(program)?,
        listening: look::listening(program, signal, code())?,
        leaving: look::leaving(program, code())?,
        missing: look::missing(program)?,
    }))
}
