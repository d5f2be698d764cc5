//! Other limits for a container that runs.

use std::path::Path;

use anyhow::{Context, Error, Result, bail};

use crate::cgroup::{Cgroup, Part};
use crate::controller::{Controller, Version};
use crate::limits::{Limits, Quota, Size, Swap};
use crate::rollback::now;
use crate::setting::{Setting, needed, number, read};
use crate::{v1, v2, verify};

// ANCHOR: update
/// Writes the limits. When one can't be written, those that were are put back: all or nothing.
pub fn update(cgroup: &Cgroup, limits: &Limits) -> Result<()> {
    let cgroup = &cgroup.with_what_was_given();
    for controller in needed(limits) {
        if cgroup.part(controller).is_none() {
            bail!(
                "the container is in no cgroup with the controller {controller}\n\
                 cause: no limit of that kind was asked for at its start, and the cgroup above gives it none\n\
                 cure: give that limit to run or create: they say what is missing"
            );
        }
    }
    let limits = with_processor_time_kept(cgroup, &with_swap_kept(cgroup, limits));
    limits.check(&Size::of_this_machine()?).context("nothing was changed")?;
    let mut before: Vec<(&Path, Setting)> = Vec::new();
    for part in &cgroup.parts {
        let mut settings = part.settings(&limits);
        match part.version {
            Version::V1 => {
                memory_last_where_it_grows(&mut settings, number(&part.directory, v1::memory::MEMORY_AND_SWAP));
                period_last_where_it_shrinks(&mut settings, number(&part.directory, v1::cpu::PERIOD));
            }
            // A lower limit on memory finds the swap that it may use.
            Version::V2 => put_in_order(&mut settings, v2::memory::SWAP_MAX, v2::memory::MAX),
        }
        for setting in settings {
            if let Err(error) = change(&part.directory, &setting, &mut before) {
                return Err(put_back(&before, error));
            }
        }
    }
    Ok(())
}

/// One write, and what would undo it.
fn change<'a>(directory: &'a Path, setting: &Setting, before: &mut Vec<(&'a Path, Setting)>) -> Result<()> {
    if setting.file == v2::memory::MAX {
        v2::memory::make_room(directory, setting)?;
    }
    if setting.file == v2::memory::SWAP_MAX {
        v2::memory::check_swap(directory, setting)?;
    }
    let old = now(directory, setting);
    setting.write(directory)?;
    before.extend(old.map(|old| (directory, old)));
    verify::check(directory, setting)
}

/// Last written, first put back: on v1 the order matters. One that can't be doesn't keep the
/// others.
fn put_back(before: &[(&Path, Setting)], error: Error) -> Error {
    let left: Vec<Error> = before.iter().rev().filter_map(|(directory, old)| old.write(directory).err()).collect();
    match left.first() {
        None => error.context("the limits stay as they were"),
        Some(left) => error.context(format!("and not all limits could be put back: {left:#}")),
    }
}
// ANCHOR_END: update

/// One file before another, if both are written.
fn put_in_order(settings: &mut [Setting], first: &str, second: &str) {
    let place = |file| settings.iter().position(|setting: &Setting| setting.file == file);
    if let (Some(first), Some(second)) = (place(first), place(second))
        && second < first
    {
        settings.swap(first, second);
    }
}

fn wanted(settings: &[Setting], file: &str) -> Option<u64> {
    settings.iter().find(|setting| setting.file == file)?.value.parse().ok()
}

/// v1 insists on quotas being no larger a part of their period than the cgroup above has, at any
/// moment: with the new period and the old quota it would be larger.
fn period_last_where_it_shrinks(settings: &mut [Setting], now: Option<u64>) {
    if wanted(settings, v1::cpu::PERIOD) < now {
        put_in_order(settings, v1::cpu::QUOTA, v1::cpu::PERIOD);
    }
}

/// v1 insists that memory never exceeds memory and swap together, at any moment: whoever raises
/// both begins with the latter.
fn memory_last_where_it_grows(settings: &mut [Setting], both: Option<u64>) {
    if both.is_some() && wanted(settings, v1::memory::LIMIT) > both {
        put_in_order(settings, v1::memory::MEMORY_AND_SWAP, v1::memory::LIMIT);
    }
}

/// Who changes only --memory keeps the swap that the container has.
fn with_swap_kept(cgroup: &Cgroup, limits: &Limits) -> Limits {
    let part = cgroup.part(Controller::Memory);
    let kept = match (limits.memory, limits.memory_swap, part) {
        (Some(memory), None, Some(part)) => swap_now(part).map(|swap| match swap {
            Some(swap) => Swap::Total(memory.saturating_add(swap)),
            None => Swap::Unlimited,
        }),
        _ => None,
    };
    Limits { memory_swap: limits.memory_swap.or(kept), ..limits.clone() }
}

/// Who changes only the quota keeps the period, and the other way.
fn with_processor_time_kept(cgroup: &Cgroup, limits: &Limits) -> Limits {
    let now = match cgroup.part(Controller::Cpu) {
        Some(part) if limits.quota.is_some() || limits.period.is_some() => time_now(part),
        _ => None,
    };
    let (quota, period) = now.unzip();
    Limits { quota: limits.quota.or(quota), period: limits.period.or(period), ..limits.clone() }
}

/// The quota and the period of now.
fn time_now(part: &Part) -> Option<(Quota, u64)> {
    match part.version {
        Version::V1 => Some((v1::cpu::quota_now(&part.directory)?, number(&part.directory, v1::cpu::PERIOD)?)),
        Version::V2 => v2::cpu::max_now(&part.directory),
    }
}

/// How much swap the container may have: `Some(None)` is any, `None` is that swap isn't counted.
fn swap_now(part: &Part) -> Option<Option<u64>> {
    match part.version {
        Version::V1 => {
            let both = number(&part.directory, v1::memory::MEMORY_AND_SWAP)?;
            let memory = number(&part.directory, v1::memory::LIMIT)?;
            Some((both < v1::memory::NO_LIMIT).then(|| both.saturating_sub(memory)))
        }
        Version::V2 => match read(&part.directory, v2::memory::SWAP_MAX).trim() {
            "" => None,
            "max" => Some(None),
            swap => Some(swap.parse().ok()),
        },
    }
}

/// The limits as they will be, checked against each other: only what is given now, and the machine,
/// are known.
pub fn check(limits: &Limits) -> Result<()> {
    if !limits.are_any() {
        bail!("nothing to update: give at least one limit");
    }
    limits.check(&Size::of_this_machine()?).context("nothing was changed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::settings;

    #[test]
    fn a_shorter_period_is_written_after_its_quota_and_a_longer_one_before() {
        let limits = Limits { quota: Some(Quota::Most(5000)), period: Some(10_000), ..Limits::default() };
        let order = |now| {
            let mut writes = settings(&limits, Controller::Cpu, Version::V1);
            period_last_where_it_shrinks(&mut writes, now);
            writes[0].file
        };
        assert_eq!(order(Some(100_000)), v1::cpu::QUOTA);
        assert_eq!(order(Some(5000)), v1::cpu::PERIOD);
    }

    #[test]
    fn on_v2_swap_is_granted_before_memory_shrinks() {
        let limits = Limits { memory: Some(64 << 20), ..Limits::default() };
        let mut writes = settings(&limits, Controller::Memory, Version::V2);
        put_in_order(&mut writes, v2::memory::SWAP_MAX, v2::memory::MAX);
        let files: Vec<_> = writes.iter().map(|write| write.file).collect();
        assert_eq!(files, [v2::memory::SWAP_MAX, v2::memory::MAX]);
        put_in_order(&mut writes, v2::memory::SWAP_MAX, v2::memory::MAX);
        assert_eq!(writes[0].file, v2::memory::SWAP_MAX);
    }

    #[test]
    fn whoever_raises_both_begins_with_both_together() {
        let limits = Limits { memory: Some(128 << 20), ..Limits::default() };
        let order = |both| {
            let mut writes = settings(&limits, Controller::Memory, Version::V1);
            memory_last_where_it_grows(&mut writes, both);
            writes[0].file
        };
        assert_eq!(order(Some(64 << 20)), v1::memory::MEMORY_AND_SWAP);
        assert_eq!(order(Some(256 << 20)), v1::memory::LIMIT);
        assert_eq!(order(None), v1::memory::LIMIT);
    }
}
