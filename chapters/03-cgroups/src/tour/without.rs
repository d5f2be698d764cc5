//! For somebody who may make no cgroups.

use std::fs;

use anyhow::Result;
use ch01_namespaces::narration::{Narration, fitted};
use ch01_namespaces::say;

use crate::controller::{Controller, Version};
use crate::machine::Machine;
use crate::units::format_bytes;

/// What can be shown to somebody who may make no cgroups.
pub(super) fn without_cgroups(narration: &Narration, machine: &Machine, error: &anyhow::Error) -> Result<()> {
    narration.title("What is left out, and how to get it")?;
    say!("Now a processor hog, a memory hog and a fork bomb would be held by limits. But:");
    say!("");
    for line in error.chain().flat_map(|part| part.to_string().lines().map(String::from).collect::<Vec<_>>()) {
        wrapped(&line)?;
    }
    narration.pause()?;
    narration.title("What holds for you already")?;
    say!("You are in cgroups yourself, whoever made them. In the one for memory:");
    say!("");
    if let Some(hierarchy) = machine.hierarchy_of(Controller::Memory) {
        let file = |v1: &'static str, v2: &'static str| if hierarchy.version == Version::V1 { v1 } else { v2 };
        let (usage, limit) = (
            file(crate::v1::memory::USAGE, crate::v2::memory::CURRENT),
            file(crate::v1::memory::LIMIT, crate::v2::memory::MAX),
        );
        for name in [usage, limit] {
            let text = fs::read_to_string(hierarchy.own.join(name)).unwrap_or_else(|_| "not there".into());
            let text = text.trim();
            let shown = match text.parse() {
                Ok(number) if number >= crate::v1::memory::NO_LIMIT => "no limit".into(),
                Ok(number) => format_bytes(number),
                Err(_) => fitted(text, 40),
            };
            say!("  {name:<26} {shown}");
        }
    }
    narration.pause()
}

/// A line of any length, in lines of 78.
fn wrapped(line: &str) -> Result<()> {
    let mut row = String::from(" ");
    for word in line.split_whitespace() {
        if row.chars().count() + 1 + word.chars().count() > 78 {
            say!("{row}");
            row = String::from("   ");
        }
        row.push(' ');
        row.push_str(word);
    }
    say!("{row}");
    Ok(())
}
