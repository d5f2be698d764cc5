//! The program around an answer to exercise 6.4. `cargo wb check 6.4` builds it and runs it in the
//! lab.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result, bail};
use given::checked;
use nix::pty::openpty;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::termios::{SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr};

include!(concat!(env!("OUT_DIR"), "/raw_mode.rs"));

/// Arguments: how the work ends, `Ok`, `Error` or `Panic` (or `None`: there is no terminal); the
/// number that it returns; and a character for Backspace.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut lent = None;
    checked::ready(|| {
        let [how, number, erase] = &arguments[..] else { bail!("three arguments") };
        number.parse::<i32>().context("a number")?;
        lent = Some(prepare(how, erase.parse().context("a character")?)?);
        SigSet::from(Signal::SIGUSR1).thread_block().context("blocking SIGUSR1")
    });
    let Some((terminal, _master)) = lent else { return };
    let number = arguments[1].parse().unwrap_or_default();
    let work = || work(&arguments[0], number);
    let ended = catch_unwind(AssertUnwindSafe(|| answers::raw_mode::with_raw_terminal(&terminal, work)));
    match (ended, arguments[0].as_str()) {
        (Ok(result), _) => checked::returned_number(result),
        // Through the answer, to its caller.
        (Err(_), "Panic") => checked::returned_number(Ok(number)),
        (Err(panic), _) => std::panic::resume_unwind(panic),
    }
}

/// What is lent, and the other end of it, which has to stay open.
fn prepare(how: &str, erase: u8) -> Result<(File, Option<OwnedFd>)> {
    if how == "None" {
        return Ok((File::open("/dev/null").context("opening /dev/null")?, None));
    }
    let pair = openpty(None, None).context("openpty")?;
    let mut settings = tcgetattr(&pair.slave).context("tcgetattr")?;
    settings.control_chars[SpecialCharacterIndices::VERASE as usize] = erase;
    tcsetattr(&pair.slave, SetArg::TCSANOW, &settings).context("tcsetattr")?;
    Ok((File::from(pair.slave), Some(pair.master)))
}

/// Until the checker has looked.
fn work(how: &str, number: i32) -> Result<i32> {
    checked::call_myself("works");
    SigSet::from(Signal::SIGUSR1).wait().context("waiting for SIGUSR1")?;
    match how {
        "Error" => bail!("the work has failed"),
        "Panic" => panic!("the work has panicked"),
        _ => Ok(number),
    }
}
