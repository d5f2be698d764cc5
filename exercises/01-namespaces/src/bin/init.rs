//! The program around an answer to exercise 1.3b. `cargo wb check 1.3b` builds it and runs it in
//! the lab; it is its own command, too: what the answer starts is this program again, with `--as`.

use std::env;
use std::ffi::OsString;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use given::checked;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{ForkResult, Pid, getpid, getppid};

include!(concat!(env!("OUT_DIR"), "/init.rs"));

/// How many orphans a command leaves to its init.
const ORPHANS: usize = 3;

/// Arguments: what the command is to be, and its exit code.
fn main() {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if let [first, what, code] = &arguments[..]
        && first == "--as"
    {
        be_the_command(&what.to_string_lossy(), code.to_string_lossy().parse().unwrap_or(99));
    }
    checked::ready(become_pid_one);
    let mut command: Vec<OsString> = vec!["/proc/self/exe".into(), "--as".into()];
    if arguments.first().is_some_and(|what| what == "missing") {
        command[0] = "/no/such/command".into();
    }
    command.extend(arguments);
    let result = answers::init::run_as_init(&command);
    checked::call_myself("came back");
    checked::returned_number(result)
}

/// Goes on in a child that is PID 1 of its namespace; this process ends as that one does.
fn become_pid_one() -> Result<()> {
    given::user_namespace()?;
    unshare(CloneFlags::CLONE_NEWPID).context("unshare(CLONE_NEWPID)")?;
    match given::fork()? {
        ForkResult::Child => Ok(()),
        ForkResult::Parent { child } => given::exit(given::wait(child)?),
    }
}

fn be_the_command(what: &str, code: i32) -> ! {
    let done = match what {
        "serve" => leave_orphans().map(|()| checked::stay_as("serving")),
        what if what.starts_with("listen") => listen(what),
        "leave" => leave_one_behind(),
        _ => Ok(()),
    };
    given::exit(if done.is_ok() { code } else { 99 })
}

/// Processes whose parent ends before them: the kernel gives them to PID 1.
fn leave_orphans() -> Result<()> {
    for _ in 0..ORPHANS {
        match given::fork()? {
            ForkResult::Parent { child } => drop(given::wait(child)?),
            ForkResult::Child => {
                let parent = getpid();
                if let ForkResult::Child = given::fork()? {
                    be_an_orphan_of(parent);
                }
                given::exit(0)
            }
        }
    }
    Ok(())
}

/// Ends by itself with USR1, and is killed by any other signal.
fn be_an_orphan_of(parent: Pid) -> ! {
    let signal = SigSet::from(Signal::SIGUSR1);
    let ended = signal.thread_block().and_then(|()| {
        // Not before it is one.
        while getppid() == parent {
            sleep(Duration::from_millis(1));
        }
        checked::call_myself("orphan");
        signal.wait()
    });
    given::exit(if ended.is_ok() { 3 } else { 99 })
}

fn leave_one_behind() -> Result<()> {
    if let ForkResult::Child = given::fork()? {
        checked::stay_as("left behind");
    }
    Ok(())
}

/// What the command ends with when the wrong signal comes.
const WRONG_SIGNAL: i32 = 98;

/// Waits for a signal, of which `what` has the number (`listen 10`).
fn listen(what: &str) -> Result<()> {
    let all = SigSet::all();
    all.thread_block()?;
    checked::call_myself("listening");
    let came = all.wait()? as i32;
    if what.rsplit(' ').next() == Some(&came.to_string()) { Ok(()) } else { given::exit(WRONG_SIGNAL) }
}
