//! Other limits for a container that runs.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::controller::{Controller, Version};
use crate::group::{Group, Part};
use crate::limits::{Limits, Swap};
use crate::setting::{Setting, needed, number, read};
use crate::{v1, v2};

// ANCHOR: update
/// Writes the limits. When one can't be written, those that were are put back: all or nothing.
pub fn update(group: &Group, limits: &Limits) -> Result<()> {
    for controller in needed(limits) {
        if group.part(controller).is_none() {
            bail!(
                "the container is in no group with the controller {controller}\n\
                 likely cause: not asked for at its start, and not given by the group above\n\
                 cure: give that limit to run or create: they say what is missing"
            );
        }
    }
    let limits = with_swap_kept(group, limits);
    let mut before: Vec<(PathBuf, String)> = Vec::new();
    for part in &group.parts {
        let mut settings = part.settings(&limits);
        if part.version == Version::V1 {
            memory_last_where_it_grows(&mut settings, number(&part.folder, v1::memory::MEMORY_AND_SWAP));
        }
        for setting in settings {
            let file = part.folder.join(setting.file);
            let old = fs::read_to_string(&file).unwrap_or_default();
            if let Err(error) = setting.write(&part.folder) {
                let put_back = before.iter().rev().try_for_each(|(file, old)| fs::write(file, old.trim_end()));
                return Err(match put_back {
                    Ok(()) => error.context("the limits stay as they were"),
                    Err(left) => error.context(format!("and not all limits could be put back: {left}")),
                });
            }
            before.push((file, old));
        }
    }
    Ok(())
}
// ANCHOR_END: update

/// v1 insists that memory never exceeds memory and swap together, at any moment: whoever raises both begins with the latter.
fn memory_last_where_it_grows(settings: &mut [Setting], both: Option<u64>) {
    let place = |settings: &[Setting], file| settings.iter().position(|setting: &Setting| setting.file == file);
    let Some(memory) = place(settings, v1::memory::LIMIT) else { return };
    let wanted: u64 = settings[memory].value.parse().unwrap_or(0);
    if both.is_some_and(|both| wanted > both)
        && let Some(with_swap) = place(settings, v1::memory::MEMORY_AND_SWAP)
    {
        settings.swap(memory, with_swap);
    }
}

/// Who changes only --memory keeps the swap that the container has.
fn with_swap_kept(group: &Group, limits: &Limits) -> Limits {
    let part = group.part(Controller::Memory);
    let kept = match (limits.memory, limits.memory_swap, part) {
        (Some(memory), None, Some(part)) => swap_now(part).map(|swap| match swap {
            Some(swap) => Swap::Total(memory.saturating_add(swap)),
            None => Swap::Unlimited,
        }),
        _ => None,
    };
    Limits { memory_swap: limits.memory_swap.or(kept), ..limits.clone() }
}

/// How much swap the container may have: `Some(None)` is any, `None` is that swap isn't counted.
fn swap_now(part: &Part) -> Option<Option<u64>> {
    match part.version {
        Version::V1 => {
            let both = number(&part.folder, v1::memory::MEMORY_AND_SWAP)?;
            let memory = number(&part.folder, v1::memory::LIMIT)?;
            Some((both < v1::memory::NO_LIMIT).then(|| both.saturating_sub(memory)))
        }
        Version::V2 => match read(&part.folder, v2::memory::SWAP_MAX).trim() {
            "" => None,
            "max" => Some(None),
            swap => Some(swap.parse().ok()),
        },
    }
}

/// The limits as they will be, checked against each other: only what is given now, and the machine, are known.
pub fn check(limits: &Limits) -> Result<()> {
    if !limits.are_any() {
        bail!("nothing to update: give at least one limit");
    }
    limits.check(&crate::limits::Size::of_this_machine()?).context("nothing was changed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::settings;

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
