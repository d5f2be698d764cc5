//! The program around an answer to exercise 3.1b. `cargo wb check 3.1b` builds it and runs it in
//! the lab.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result};
use given::Cgroup;
use given::checked::{self, First};
use nix::unistd::pause;

include!(concat!(env!("OUT_DIR"), "/late_join.rs"));

/// The first argument when it is the command.
const COMMAND: &str = "--as-the-command";

/// Arguments: the container's name; whether all is `well`, the command is `quick`, `missing`, or
/// the group is `gone`; and a word by which the command is known.
fn main() {
    if is_the_command() {
        be_the_command();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = || -> Result<(Cgroup, Vec<OsString>)> {
        let [name, case, mark] = &arguments[..] else { anyhow::bail!("three arguments") };
        let group = Cgroup::place(name)?;
        checked::groups_can_be_made(&group)?;
        if case != "gone" {
            checked::make_group(&group)?;
        }
        let program = std::env::current_exe().context("finding this program")?.into_os_string();
        let program = if case == "missing" { "/no/such/command".into() } else { program };
        // An exec puts its words into memory, of the process as it is then: more than anything else that
        // the command has.
        let words = (0..12).map(|_| OsString::from("x".repeat(120_000)));
        Ok((group, [program, COMMAND.into(), mark.into()].into_iter().chain(words).collect()))
    };
    let (group, command) = given().unwrap_or_else(|error| checked::blocked(&error));
    checked::ready(|| Ok(()));
    // Who is quicker after a fork would be chance.
    checked::goes_first(if arguments[1] == "quick" { First::Child } else { First::Parent });
    checked::returned_number(answers::late_join::start_limited(&group, &command).map(|pid| pid.as_raw()))
}

/// std would copy all words, and that memory the command would have had later.
fn is_the_command() -> bool {
    let mut beginning = [0; 1024];
    let read = File::open("/proc/self/cmdline").and_then(|mut words| words.read(&mut beginning));
    read.is_ok() && beginning.split(|byte| *byte == 0).nth(1) == Some(COMMAND.as_bytes())
}

/// With a child.
fn be_the_command() -> ! {
    let _ = given::fork();
    loop {
        pause();
    }
}
