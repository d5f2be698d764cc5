//! The program around an answer to exercise 3.5a. `cargo wb check 3.5a` builds it and runs it in
//! the lab.

use anyhow::{Context, Result};
use given::{Cgroup, checked};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{ForkResult, pause};

include!(concat!(env!("OUT_DIR"), "/pids.rs"));

/// Arguments: the container's name; how many processes; and whether the group is `there`, with a
/// process in it that starts others when it gets SIGUSR1, or `gone`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = || -> Result<(Cgroup, u64)> {
        let [name, most, is_there] = &arguments[..] else { anyhow::bail!("three arguments") };
        let group = Cgroup::place(name)?;
        checked::groups_can_be_made(&group)?;
        if is_there == "there" {
            let mask = SigSet::from(Signal::SIGUSR1);
            mask.thread_block().context("blocking SIGUSR1")?;
            checked::make_group(&group)?;
            checked::start_in(&group, || start_others(&mask))?;
        }
        Ok((group, most.parse().context("processes")?))
    };
    let (group, most) = given().unwrap_or_else(|error| checked::blocked(&error));
    checked::ready(|| Ok(()));
    checked::returned(answers::pids::limit_pids(&group, most))
}

fn start_others(mask: &SigSet) -> i32 {
    let _ = mask.wait();
    // With itself, twenty.
    for _ in 0..19 {
        match given::fork() {
            Ok(ForkResult::Parent { .. }) => {}
            Ok(ForkResult::Child) | Err(_) => break,
        }
    }
    loop {
        pause();
    }
}
