//! Whether the processes of a lab rest.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::patience::eventually;

/// Waits until all processes in the lab, this one apart, have no work: who polls in a circle, or
/// waits for something that is there already, uses all of a processor.
pub fn expect_rest() -> Result<()> {
    eventually("no process uses processor time any more", || {
        let before = ticks_of_others()?;
        sleep(Duration::from_millis(700));
        let used = ticks_of_others()?.saturating_sub(before);
        println!("{used} clock ticks in 0.7 s");
        Ok(used <= 3)
    })
}

/// Clock ticks, of which a processor has 100 in a second: proc_pid_stat(5), utime and stime.
fn ticks_of_others() -> Result<u64> {
    let mut ticks = 0;
    for entry in fs::read_dir("/proc")?.flatten() {
        let pid: Option<u32> = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.filter(|pid| *pid > 1 && *pid != std::process::id()) else { continue };
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let fields = stat.rsplit_once(") ").context("a line without a name")?.1.split(' ');
        ticks += fields.skip(11).take(2).map(|number| number.parse().unwrap_or(0u64)).sum::<u64>();
    }
    Ok(ticks)
}
