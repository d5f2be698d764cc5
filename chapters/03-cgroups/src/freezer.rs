//! Halting a container, and letting it go on.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cgroup::{Cgroup, Part};
use crate::controller::{Controller, Version};
use crate::setting::write;
use crate::{steps, v1, v2};

/// How often we look, a millisecond apart: a process that waits for a disk can be frozen only
/// afterwards.
const TRIES: u32 = 10_000;

// ANCHOR: freeze
/// Returns when every process stands still, or goes on: the write only asks for it.
pub fn freeze(cgroup: &Cgroup, frozen: bool) -> Result<()> {
    let part = cgroup.part(Controller::Freezer).context("the container is in no cgroup that can be frozen")?;
    let why = if frozen { &steps::FREEZE } else { &steps::THAW };
    let (file, wanted): (_, fn(bool) -> &'static str) = match part.version {
        Version::V1 => (part.directory.join(v1::freezer::STATE), v1::freezer::wanted),
        Version::V2 => (part.directory.join(v2::freezer::FREEZE), v2::freezer::wanted),
    };
    write(why, &file, wanted(frozen))?;
    let ask = |frozen| drop(fs::write(&file, wanted(frozen)));
    if !until(frozen, part.version, TRIES, || is_in_state(part, frozen), ask) {
        let (cause, now) = if frozen {
            ("a process waits for a device (NFS) and can't be halted before", "all go on, as before")
        } else {
            ("a cgroup above is frozen", "it goes on when that does")
        };
        bail!("not every process was reached in time: {now}\ncause: {cause}\ncure: wait for that, and try again");
    }
    Ok(())
}

/// Waits until it is so. v1 may miss a process that is just being forked, and then says FREEZING
/// for ever: it is asked again and again, and now and then lets all go on for a moment. If it is
/// not to be had, nobody is left half frozen.
fn until(frozen: bool, version: Version, tries: u32, is: impl Fn() -> bool, ask: impl Fn(bool)) -> bool {
    for number in 1..=tries {
        if is() {
            return true;
        }
        sleep(Duration::from_millis(1));
        if frozen && version == Version::V1 {
            if number % 50 == 0 {
                ask(false);
            }
            ask(true);
        }
    }
    if frozen {
        ask(false);
    }
    false
}

/// By the kernel's word: all have been reached.
fn is_in_state(part: &Part, frozen: bool) -> bool {
    match part.version {
        Version::V1 => v1::freezer::is_in_state(&part.directory, frozen),
        Version::V2 => v2::freezer::is_in_state(&part.directory, frozen),
    }
}
// ANCHOR_END: freeze

/// Whether a container stands still, whoever froze it: this cgroup or one above.
pub fn is_frozen(cgroup: &Cgroup) -> bool {
    cgroup.part(Controller::Freezer).is_some_and(|part| is_in_state(part, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn what_can_not_be_frozen_is_not_left_half_frozen() {
        for version in [Version::V1, Version::V2] {
            let asked = RefCell::new(Vec::new());
            assert!(!until(true, version, 3, || false, |frozen| asked.borrow_mut().push(frozen)));
            assert_eq!(asked.borrow().last(), Some(&false), "{version:?}");
        }
    }

    #[test]
    fn v1_is_asked_again_until_it_is_done() {
        let asked = RefCell::new(Vec::new());
        let done = || asked.borrow().len() >= 2;
        assert!(until(true, Version::V1, 9, done, |frozen| asked.borrow_mut().push(frozen)));
        assert_eq!(*asked.borrow(), [true, true]);
    }

    #[test]
    fn who_thaws_asks_once() {
        assert!(!until(false, Version::V1, 3, || false, |frozen| panic!("{frozen}")));
    }
}
