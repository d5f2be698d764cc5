//! Whether what the kernel took is kept to: some files take a number that then has no effect.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::limits::numbers;
use crate::setting::{Setting, read};
use crate::{v1, v2};

/// Looks after a write at what has become of it.
pub fn check(directory: &Path, setting: &Setting) -> Result<()> {
    match setting.file {
        v2::cpuset::CPUS => check_list(directory, setting, v2::cpuset::CPUS_EFFECTIVE),
        v2::cpuset::MEMS => check_list(directory, setting, v2::cpuset::MEMS_EFFECTIVE),
        v2::io::WEIGHT if !io_cost_is_on(directory) => bail!(nobody_weighs(setting)),
        v1::blkio::WEIGHT | v2::io::BFQ_WEIGHT if !bfq_is_chosen() => bail!(nobody_weighs(setting)),
        _ => Ok(()),
    }
}

/// v2 takes any list. What then holds is what the cgroup above has of it; if that is nothing, all
/// that the cgroup above has. (v1 refuses such a list at once, and has no such file.)
fn check_list(directory: &Path, setting: &Setting, effective: &str) -> Result<()> {
    let holds = read(directory, effective);
    let holds = holds.trim();
    if directory.join(effective).exists() && !is_same(&setting.value, holds) {
        bail!(
            "{} {} was accepted but has no effect: {effective} says {holds:?}\ncause: a cgroup above has no others\n\
             cure: choose from those, or another --cgroup-parent",
            setting.flag,
            setting.value
        );
    }
    Ok(())
}

fn is_same(one: &str, other: &str) -> bool {
    let sorted = |list| {
        let mut all = numbers(list).unwrap_or_default();
        all.sort_unstable();
        all.dedup();
        all
    };
    sorted(one) == sorted(other)
}

fn nobody_weighs(setting: &Setting) -> String {
    format!(
        "{} can't be applied: {} takes the number, but nobody keeps to it\n\
         cause: no disk has the scheduler BFQ, and io.cost is on for none\n\
         cure: modprobe bfq; echo bfq >/sys/block/DISK/queue/scheduler; or leave {0} out",
        setting.flag, setting.file
    )
}

/// Whether a disk's requests are put in order by BFQ.
pub fn bfq_is_chosen() -> bool {
    let disks = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    disks.into_iter().any(|disk| is_chosen("bfq", &read(&disk.path(), "queue/scheduler")))
}

/// `none mq-deadline [bfq]`: the one in brackets.
fn is_chosen(scheduler: &str, text: &str) -> bool {
    text.split_whitespace()
        .any(|word| word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) == Some(scheduler))
}

/// Only the root of all cgroups has the file. Where that can't be seen it is as if it were off:
/// better refused than not kept to.
fn io_cost_is_on(directory: &Path) -> bool {
    directory.ancestors().any(|above| is_on(&read(above, v2::io::COST)))
}

/// `8:0 enable=1 ctrl=auto …`, one line a disk; none where it was never set.
fn is_on(text: &str) -> bool {
    text.split_whitespace().any(|word| word == "enable=1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_the_same_however_it_is_written() {
        assert!(is_same("0,1,2", "0-2\n") && is_same("1,0,1", "0-1"));
        assert!(!is_same("1", "0") && !is_same("0-1", "0") && !is_same("0", ""));
    }

    #[test]
    fn a_scheduler_that_could_be_chosen_keeps_to_no_weight() {
        assert!(is_chosen("bfq", "none mq-deadline [bfq]\n"));
        assert!(!is_chosen("bfq", "[none] mq-deadline kyber bfq\n") && !is_chosen("bfq", "none\n"));
    }

    #[test]
    fn io_cost_that_is_there_but_off_keeps_to_no_weight() {
        assert!(is_on("8:0 enable=0 ctrl=auto\n8:16 enable=1 ctrl=user\n"));
        assert!(!is_on("") && !is_on("8:0 enable=0 ctrl=auto\n"));
    }
}
