//! An exercise's program has the checker at the other end of its stdin, a SEQPACKET socket. What the program says there is
//! a signal to look, never evidence: the checker then reads the kernel's state for itself.

use std::io;
use std::os::fd::AsFd;

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::unistd::{read, write};

use crate::sys;

/// Between the fields of a message.
const FIELD: &str = "\0";

/// "What is given is done, the answer comes next": the checker looks, then lets us go on.
pub fn ready() -> Result<()> {
    say("ready")?;
    let more = listen()?;
    ensure!(more, "the checker has gone");
    Ok(())
}

/// The answer has returned: says what, then stays as it is until the checker has looked.
pub fn returned<T>(result: Result<T>) -> ! {
    let message = match result {
        Ok(_) => "ok".to_string(),
        Err(error) => ["error".to_string()]
            .into_iter()
            .chain(error.chain().map(ToString::to_string))
            .collect::<Vec<_>>()
            .join(FIELD),
    };
    stay(&message)
}

/// A given step failed before the answer was called: nothing can be said about the answer.
pub fn blocked(error: &anyhow::Error) -> ! {
    stay(&format!("blocked{FIELD}{error:#}"))
}

fn stay(message: &str) -> ! {
    // Nobody there, or gone since: then there is nothing left to do.
    let _ = say(message);
    while let Ok(true) = listen() {}
    sys::exit_now(0)
}

fn say(message: &str) -> Result<()> {
    // A packet has to fit the socket's buffer; a cut inside a letter is the checker's to mend.
    let packet = &message.as_bytes()[..message.len().min(60_000)];
    write(io::stdin().as_fd(), packet)
        .context("this program is for the checker, at the other end of its stdin; type `cargo wb check`")?;
    Ok(())
}

/// Waits for the checker. `false` when it is gone.
fn listen() -> Result<bool> {
    loop {
        match read(io::stdin().as_fd(), &mut [0; 64]) {
            Ok(length) => return Ok(length > 0),
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno).context("waiting for the checker"),
        }
    }
}
