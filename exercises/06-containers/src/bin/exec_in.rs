//! The program around an answer to exercise 6.5a. `cargo wb check 6.5a` builds it and runs it in
//! the lab. It is its own command, too: with `--as`.

use std::ffi::OsString;

use anyhow::{Context, Result, bail};
use given::checked;
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::Pid;

include!(concat!(env!("OUT_DIR"), "/exec_in.rs"));

/// Arguments: the command's exit code, and the capabilities that the container has.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().map(String::as_str) == Some("--as") {
        be_the_command(arguments.get(1).and_then(|code| code.parse().ok()).unwrap_or(99));
    }
    let (mut container, mut kept) = (Pid::from_raw(0), 0);
    // Not /proc/self/exe: a /proc says nothing to whoever isn't in its PID namespace.
    let program = std::env::current_exe().unwrap_or_default();
    checked::ready(|| {
        let [_, wanted] = &arguments[..] else { bail!("two arguments") };
        // Root of a machine may lack some itself.
        kept = wanted.parse::<u64>().context("capabilities")? & permitted()?;
        container = checked::start_container(move || seal(kept))?;
        Ok(())
    });
    let command: [OsString; 3] = [program.into(), "--as".into(), arguments[0].clone().into()];
    let (join, seal) = (|| join(container), || seal(kept));
    checked::returned_number(answers::exec_in::exec_in(&join, &seal, &command))
}

fn permitted() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("CapPrm:")).context("no CapPrm")?;
    u64::from_str_radix(line.trim(), 16).context("CapPrm")
}

/// As exercise 1.10 has it: the container has each of these of its own.
fn join(container: Pid) -> Result<()> {
    let process = given::pidfd(container)?;
    let all = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWCGROUP
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWNET;
    setns(process, all).with_context(|| format!("setns: joining the namespaces of {container}"))
}

/// As exercise 6.8 has it, without a word on the way.
fn seal(kept: u64) -> Result<()> {
    for capability in (0..=given::last_capability()?).filter(|number| kept & 1 << number == 0) {
        given::drop_from_bounding(capability).context("PR_CAPBSET_DROP")?;
    }
    given::set_capabilities(kept, kept, 0).context("capset")
}

fn be_the_command(code: i32) -> ! {
    let signal = SigSet::from(Signal::SIGUSR1);
    let blocked = signal.thread_block();
    checked::call_myself("the command");
    let ended = blocked.and_then(|()| signal.wait());
    given::exit(if ended.is_ok() { code } else { 99 })
}
