use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// Kilobytes that are there because of this process alone, while its container waits: Private_Clean
/// and Private_Dirty of /proc/PID/smaps_rollup. `like` is a command line that ends with the
/// container's command.
pub fn private_memory(like: &Command) -> Result<u64> {
    let mut args: Vec<_> = like.get_args().map(ToOwned::to_owned).collect();
    args.pop();
    let mut child = Command::new(like.get_program())
        .args(args)
        .args(["sh", "-c", "echo; read line"])
        .envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child.stdout.as_mut().context("no stdout")?.read_exact(&mut [0])?;
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", child.id()))?;
    drop(child.stdin.take());
    child.wait()?;
    Ok(private(&rollup))
}

fn private(rollup: &str) -> u64 {
    let lines = rollup.lines().filter(|line| line.starts_with("Private_"));
    lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_pages_are_the_clean_and_the_dirty_ones() {
        assert_eq!(private("Rss: 900 kB\nPrivate_Clean:   12 kB\nPrivate_Dirty:  30 kB\nShared_Clean: 5 kB\n"), 42);
    }
}
