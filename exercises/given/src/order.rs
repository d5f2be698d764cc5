//! Who goes on first, as after a fork. Mostly that is chance; a check that depends on it would be,
//! too.

use std::fs;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::{ForkResult, Pid, getppid};

/// After a fork the other one waits until this one has nothing to do any more, at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    Parent = 1,
    Child = 2,
}

/// 0: whoever comes first.
static FIRST: AtomicU8 = AtomicU8::new(0);

/// How long the other one waits at most: it may be what the first is waiting for in a loop.
const PATIENCE: Duration = Duration::from_secs(2);

/// For all forks of this process from now on, and of its children's, until they exec.
pub fn goes_first(first: First) {
    FIRST.store(first as u8, Ordering::Relaxed);
}

/// To be called by both after a fork.
pub(crate) fn keep_order(fork: ForkResult) {
    let first = FIRST.load(Ordering::Relaxed);
    match fork {
        ForkResult::Parent { child } if first == First::Child as u8 => let_go_on(child.as_raw()),
        ForkResult::Child if first == First::Parent as u8 => let_go_on(getppid().as_raw()),
        _ => {}
    }
}

/// Until the process sleeps, and not for a moment only, or has ended.
fn let_go_on(process: i32) {
    let end = Instant::now() + PATIENCE;
    let mut at_rest = 0;
    while at_rest < 5 && Instant::now() < end {
        sleep(Duration::from_millis(10));
        let stat = fs::read_to_string(format!("/proc/{process}/stat"));
        at_rest = if stat.is_ok_and(|stat| has_work(&stat)) { 0 } else { at_rest + 1 };
    }
}

/// Whether it runs, or waits for a disk: proc_pid_stat(5). (Its name may have anything in it.)
fn has_work(stat: &str) -> bool {
    stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with(['R', 'D']))
}

/// From here on we run on one processor, and so do our children: who runs on it keeps the others
/// from running.
pub fn share_a_processor() -> Result<()> {
    let ourselves = Pid::from_raw(0);
    let allowed = sched_getaffinity(ourselves).context("sched_getaffinity")?;
    let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap_or(false)).context("no processor")?;
    let mut one = CpuSet::new();
    one.set(first).context("CPU_SET")?;
    sched_setaffinity(ourselves, &one).context("sched_setaffinity")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sleeps_or_has_ended_is_at_rest() {
        assert!(has_work("7 (a) S b) R 1 7") && has_work("7 (cat) D 1 7"));
        assert!(!has_work("7 (a) R b) S 1 7") && !has_work("7 (cat) Z 1 7") && !has_work(""));
    }
}
