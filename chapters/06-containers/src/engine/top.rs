//! A container's processes, by ps(1).

use std::process::Command;

use anyhow::{Context, Result, bail};
use ch01_namespaces::Failure;

use super::{Local, Processes};
use crate::powers::held::Held;
use crate::record::Record;

impl Local {
    /// The rows of ps(1) that are a container's; or with `--powers` what each process may do.
    pub fn top(&self, record: &Record, options: &[String]) -> Result<Processes> {
        let pids = self.processes(record)?;
        if options == ["--powers"] {
            // One that has ended meanwhile has none.
            let held = pids.iter().filter_map(|pid| Some(Held::by_process(*pid).ok()?.cells(*pid)));
            return Ok(Processes { processes: held.collect(), titles: Held::TITLES.map(String::from).to_vec() });
        }
        let usual = ["-ef".to_string()];
        let options = if options.is_empty() { &usual[..] } else { options };
        let output = Command::new("ps").args(options).output().context("cannot start ps\ncure: apt install procps")?;
        if !output.status.success() {
            bail!("ps: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines();
        let titles: Vec<String> =
            lines.next().context("ps printed nothing")?.split_whitespace().map(String::from).collect();
        let column = titles
            .iter()
            .position(|title| title == "PID")
            .context("Couldn't find PID field in ps output\ncure: choose columns with PID among them")?;
        let rows = lines.map(|line| cells(line, titles.len()));
        let is_ours = |row: &Vec<String>| {
            row.get(column).and_then(|pid| pid.parse().ok()).is_some_and(|pid: i32| pids.contains(&pid))
        };
        Ok(Processes { processes: rows.filter(is_ours).collect(), titles })
    }

    /// The processes of a container, as the host counts.
    pub fn processes(&self, record: &Record) -> Result<Vec<i32>> {
        if !record.state.is_active() {
            bail!(Failure::new(1, format!("Container {} is not running", record.id)));
        }
        let of_namespace = std::fs::read_link(format!("/proc/{}/ns/pid", record.state.pid))
            .with_context(|| format!("cannot look at process {}", record.state.pid))?;
        let mut pids = Vec::new();
        for entry in std::fs::read_dir("/proc").context("cannot read /proc")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            if std::fs::read_link(format!("/proc/{pid}/ns/pid")).is_ok_and(|namespace| namespace == of_namespace) {
                pids.push(pid);
            }
        }
        pids.sort_unstable();
        Ok(pids)
    }
}

/// The last column may have spaces in it.
fn cells(line: &str, columns: usize) -> Vec<String> {
    let mut cells = Vec::with_capacity(columns);
    let mut rest = line.trim_start();
    for _ in 1..columns {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        cells.push(rest[..end].into());
        rest = rest[end..].trim_start();
    }
    cells.push(rest.trim_end().into());
    cells
}
