//! The program around an answer to exercise 3.3. `cargo wb check 3.3` builds it and runs it in the
//! lab.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use given::{Cgroup, checked};

include!(concat!(env!("OUT_DIR"), "/cpu.rs"));

/// Arguments: the container's name; how many processors; and whether the group is `there`, with a
/// busy process in it, or `gone`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = || -> Result<(Cgroup, f64)> {
        let [name, cpus, is_there] = &arguments[..] else { anyhow::bail!("three arguments") };
        let group = Cgroup::place(name)?;
        checked::groups_can_be_made(&group)?;
        if is_there == "there" {
            checked::make_group(&group)?;
            checked::start_in(&group, be_busy)?;
        }
        Ok((group, cpus.parse().context("processors")?))
    };
    let (group, cpus) = given().unwrap_or_else(|error| checked::blocked(&error));
    checked::ready(|| Ok(()));
    checked::returned(answers::cpu::limit_cpu(&group, cpus))
}

/// For longer than anybody looks.
fn be_busy() -> i32 {
    let end = Instant::now() + Duration::from_secs(15);
    while Instant::now() < end {}
    0
}
