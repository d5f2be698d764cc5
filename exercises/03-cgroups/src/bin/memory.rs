//! The program around an answer to exercise 3.4. `cargo wb check 3.4` builds it and runs it in the
//! lab.

use std::fs;

use anyhow::{Context, Result, ensure};
use given::{Cgroup, Version, checked};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid};

include!(concat!(env!("OUT_DIR"), "/memory.rs"));

/// Arguments: the container's name; how many bytes; and what is called: `limit`, or `hog` or
/// `modest`, by what was in the group before; or `no-group`, `no-events`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let case = arguments.get(2).map_or("", String::as_str);
    let given = || -> Result<(Cgroup, u64)> {
        let [name, bytes, _] = &arguments[..] else { anyhow::bail!("three arguments") };
        let (group, bytes) = (Cgroup::place(name)?, bytes.parse().context("bytes")?);
        checked::groups_can_be_made(&group)?;
        if !case.starts_with("no-") {
            checked::make_group(&group)?;
        }
        match case {
            "hog" => live_and_die(&group, bytes, || touch(4 * bytes))?,
            "modest" => live_and_die(&group, bytes, || hit_the_limit(bytes))?,
            _ => {}
        }
        Ok((group, bytes))
    };
    let (group, bytes) = given().unwrap_or_else(|error| checked::blocked(&error));
    checked::ready(|| Ok(()));
    match case {
        "limit" | "no-group" => checked::returned(answers::memory::limit_memory(&group, bytes)),
        _ => checked::returned_number(answers::memory::was_oom_killed(&group).map(i32::from)),
    }
}

/// Limits the group, as given; in it a process lives, and ends by SIGKILL.
fn live_and_die(group: &Cgroup, bytes: u64, live: impl FnOnce()) -> Result<()> {
    let (limit, swap) = match group.version("memory")? {
        Version::V1 => ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
        Version::V2 => ("memory.max", "memory.swap.max"),
    };
    let directory = group.directory("memory")?;
    fs::write(directory.join(limit), bytes.to_string()).context("limiting the group")?;
    let with_swap = if swap.contains("memsw") { bytes } else { 0 };
    // Not there where swap isn't counted.
    let _ = fs::write(directory.join(swap), with_swap.to_string());
    let child = checked::start_in(group, || {
        live();
        let _ = kill(getpid(), Signal::SIGKILL);
        0
    })?;
    let code = given::wait(Pid::from_raw(child.as_raw()))?;
    ensure!(code == 137, "the process in the group ended with {code}");
    Ok(())
}

fn touch(bytes: u64) {
    let mut memory = vec![0u8; bytes as usize];
    memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    std::hint::black_box(&memory);
}

/// Half of it may be had again when the kernel wants it; then the kernel has to want it.
fn hit_the_limit(bytes: u64) {
    // Where it fails, nobody hits the limit, and the answer is the same.
    let _ = checked::offer_memory(bytes as usize / 2);
    touch(bytes / 4 * 3);
}
