//! From the process that was started to the one that runs in the lab.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{children, fields, ns_pids, process_exists};

/// The lab's PID 1 as numbered here. `outer` is the process that
/// [`Lab::command`](crate::Lab::command) started; waits until it is there, at most for `patience`.
pub fn lab_init(outer: i32, patience: Duration) -> Result<i32> {
    wait_for(outer, patience, "PID 1", || children(outer).into_iter().find(|&child| number_inside(child) == Some(1)))
}

/// The program that runs in the lab, as numbered here: the process that PID 1 started, once it has
/// become the program. Waits until it is there, at most for `patience`.
pub fn program(outer: i32, patience: Duration) -> Result<i32> {
    let started = Instant::now();
    let init = lab_init(outer, patience)?;
    let left = patience.saturating_sub(started.elapsed());
    // PID 1 starts nothing else, so its child's number in the lab is 2; orphans have higher ones.
    wait_for(outer, left, "the program", || {
        children(init).into_iter().find(|&child| number_inside(child) == Some(2) && has_become_another(child, init))
    })
}

fn number_inside(pid: i32) -> Option<i32> {
    ns_pids(pid).ok()?.pop()
}

/// Before its exec a child has its parent's command line. (An empty one is a dead process's.)
fn has_become_another(child: i32, parent: i32) -> bool {
    let line = |pid| fields::read(pid, "cmdline").ok().filter(|line| !line.is_empty());
    line(child).is_some_and(|own| line(parent) != Some(own))
}

fn wait_for(outer: i32, patience: Duration, what: &str, find: impl Fn() -> Option<i32>) -> Result<i32> {
    let end = Instant::now() + patience;
    loop {
        if let Some(pid) = find() {
            return Ok(pid);
        }
        if !process_exists(outer) {
            bail!("the lab (process {outer}) ended before {what} was seen");
        }
        if Instant::now() >= end {
            return None
                .with_context(|| format!("{what} of the lab (process {outer}) was not there after {patience:?}"));
        }
        sleep(Duration::from_millis(1));
    }
}
