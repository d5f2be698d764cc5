//! The program around an answer to exercise 6.2. `cargo wb check 6.2` builds it and runs it in the
//! lab. It is its own command, too: with `--as`.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use given::checked;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::ForkResult;

include!(concat!(env!("OUT_DIR"), "/detached.rs"));

/// Arguments: a directory to be made, and the command's exit code.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().map(String::as_str) == Some("--as") {
        be_the_command(arguments.get(1).and_then(|code| code.parse().ok()).unwrap_or(99));
    }
    // The maker is killed meanwhile, and the lab ends with this program's first process.
    match given::fork() {
        Ok(ForkResult::Child) => checked::call_myself("maker"),
        Ok(ForkResult::Parent { child }) => {
            let _ = given::wait(child);
            checked::stay_as("host");
        }
        Err(error) => checked::blocked(&error),
    }
    let mut status = PathBuf::new();
    checked::ready(|| -> Result<()> {
        let [place, _] = &arguments[..] else { bail!("two arguments") };
        fs::create_dir(place).context("making a directory")?;
        status = PathBuf::from(place).join("status");
        Ok(())
    });
    let command: [OsString; 3] = ["/proc/self/exe".into(), "--as".into(), arguments[1].clone().into()];
    checked::returned(answers::detached::start_detached(&command, &status))
}

fn be_the_command(code: i32) -> ! {
    let signal = SigSet::from(Signal::SIGUSR1);
    let blocked = signal.thread_block();
    checked::call_myself("the command");
    let ended = blocked.and_then(|()| signal.wait());
    given::exit(if ended.is_ok() { code } else { 99 })
}
