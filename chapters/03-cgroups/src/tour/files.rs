//! The same limits as files of v1 and of v2.

use anyhow::Result;
use ch01_namespaces::narration::Narration;
use ch01_namespaces::say;

use crate::controller::{Controller, Version};
use crate::limits::{Limits, PERIOD, Pids, Quota, Swap};
use crate::setting::settings;

/// As the code has them: what is shown is what would be written.
pub fn side_by_side(narration: &Narration) -> Result<()> {
    narration.title("The same limits, twice")?;
    say!("  run --cpus 0.2 --cpu-shares 512 --memory 64m --memory-swap 64m --pids-limit 20");
    say!("");
    say!("  {:<11} {:<38} v2", "", "v1");
    let limits = Limits {
        memory: Some(64 << 20),
        memory_swap: Some(Swap::Total(64 << 20)),
        quota: Some(Quota::of_cpus(0.2)),
        period: Some(PERIOD),
        cpu_shares: Some(512),
        pids: Some(Pids::Most(20)),
        ..Limits::default()
    };
    for controller in [Controller::Cpu, Controller::Memory, Controller::Pids] {
        let lines = |version| {
            let writes = settings(&limits, controller, version);
            writes.iter().map(|write| format!("{} {}", write.file, write.value)).collect::<Vec<_>>()
        };
        let (v1, v2) = (lines(Version::V1), lines(Version::V2));
        for row in 0..v1.len().max(v2.len()) {
            let cell = |lines: &[String]| lines.get(row).cloned().unwrap_or_default();
            let name = if row == 0 { controller.to_string() } else { String::new() };
            say!("  {name:<11} {:<38} {}", cell(&v1), cell(&v2));
        }
    }
    say!("");
    say!("v1 counts shares from 1024, v2 weighs from 100; v1 limits memory and swap");
    say!("together, v2 swap alone.");
    narration.pause()
}
