//! The program around an answer to exercise 3.1a. `cargo wb check 3.1a` builds it and runs it in
//! the lab.

use std::thread;

use anyhow::{Context, Result};
use given::{Cgroup, checked};
use nix::unistd::ForkResult;

include!(concat!(env!("OUT_DIR"), "/group.rs"));

/// Arguments: the container's name; and `create`, `taken` (the same, and one of the groups is there
/// already), `join` (in a child), or `gone` (the same, and there is no group).
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let case = arguments.get(1).map_or("", String::as_str);
    let given = || -> Result<Cgroup> {
        let group = Cgroup::place(arguments.first().map_or("", String::as_str))?;
        checked::groups_can_be_made(&group)?;
        Ok(group)
    };
    let group = match given() {
        Ok(group) => group,
        Err(error) => checked::blocked(&error),
    };
    match case {
        "create" | "taken" => {
            let last = group.directories().last().filter(|_| case == "taken").map(std::fs::create_dir);
            checked::ready(|| last.unwrap_or(Ok(())).context("making a group"));
            checked::returned(answers::group::create(&group))
        }
        _ => in_a_child(&group, case == "join"),
    }
}

fn in_a_child(group: &Cgroup, is_there: bool) -> ! {
    match given::fork() {
        Ok(ForkResult::Parent { child }) => given::exit(given::wait(child).unwrap_or(2)),
        Err(error) => checked::blocked(&error),
        Ok(ForkResult::Child) => {
            // A container's first process may have threads, too.
            thread::spawn(|| {
                loop {
                    thread::park()
                }
            });
            checked::ready(|| if is_there { checked::make_group(group) } else { Ok(()) });
            checked::returned(answers::group::join(group))
        }
    }
}
