//! An exercise's program has the checker at the other end of its stdin, a SEQPACKET socket. What
//! the program says there is a signal to look, never evidence: the checker then reads the kernel's
//! state for itself.

use std::io;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::prctl::set_name;
use nix::unistd::{pause, read, write};

use crate::sys;

pub use crate::container::start_container;
pub use crate::made_group::{
    cgroup_of, groups_can_be_made, make_group, make_group_inside, make_v2_group, start_in, v2_top_of,
};
pub use crate::mount_table::{another_users_table, private_table};
pub use crate::networked::{move_with, start_machine, start_networked_process};
pub use crate::order::{First, goes_first, share_a_processor};
pub use crate::pass_on::take_passed;
pub use crate::somebody::as_somebody;
pub use crate::sys::{be_idle, be_nice, clone, clone3, offer_memory, unshare_as_32bit};

/// A user namespace in which this process has every capability, whatever it had.
pub fn new_user_namespace() -> Result<()> {
    crate::user_namespace::new_user_namespace()
}

/// Fills the inheritable and the ambient set with one capability, as a careless caller leaves them.
pub fn leave_ambient(capability: u32) -> Result<()> {
    crate::capabilities::leave_ambient(capability)
}

/// Between the fields of a message.
const FIELD: &str = "\0";

/// Does what is given, which the answer builds on, then says "the answer comes next": the checker
/// looks, and lets us go on.
pub fn ready(given: impl FnOnce() -> Result<()>) {
    if let Err(error) = given() {
        blocked(&error);
    }
    let heard = say("ready").and_then(|()| listen());
    if let Ok(true) = heard {
        return;
    }
    eprintln!("{}", heard.map_or_else(|error| format!("{error:#}"), |_| "the checker has gone".to_string()));
    sys::exit_now(2);
}

/// The answer has returned: says what, then stays as it is until the checker has looked.
pub fn returned(result: Result<()>) -> ! {
    stay(&result.map_or_else(|error| error_message(&error), |()| "ok".to_string()))
}

/// The same for an answer that returns a number.
pub fn returned_number(result: Result<i32>) -> ! {
    stay(&result.map_or_else(|error| error_message(&error), |number| format!("number{FIELD}{number}")))
}

/// Calls a function that needs nothing but its arguments once for each input that the checker
/// picked, and says what it returned.
pub fn answers(inputs: &[String], answer: impl Fn(&[&str]) -> Result<String>) -> ! {
    ready(|| Ok(()));
    let one = |input: &String| {
        let words: Vec<&str> = input.split('\u{1f}').collect();
        match catch_unwind(AssertUnwindSafe(|| answer(&words))) {
            Ok(Ok(text)) => format!("ok {text}"),
            Ok(Err(error)) => {
                format!("error {}", error.chain().map(ToString::to_string).collect::<Vec<_>>().join("\u{1e}"))
            }
            Err(_) => "panicked".to_string(),
        }
    };
    let values: Vec<String> = inputs.iter().map(|input| one(input).replace(FIELD, "\\0")).collect();
    stay(&["values".to_string()].into_iter().chain(values).collect::<Vec<_>>().join(FIELD))
}

fn error_message(error: &anyhow::Error) -> String {
    let words = ["error".to_string()].into_iter().chain(error.chain().map(ToString::to_string));
    words.collect::<Vec<_>>().join(FIELD)
}

/// Takes a name (15 bytes at most) that is seen from outside, in /proc/PID/comm, and stays as it
/// is.
pub fn stay_as(name: &str) -> ! {
    call_myself(name);
    loop {
        pause();
    }
}

/// Takes a name that is seen from outside.
pub fn call_myself(name: &str) {
    // It fails for nobody, and a process without its name is one that the checker doesn't find.
    let _ = set_name(&std::ffi::CString::new(name).unwrap_or_default());
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
