//! The containers that run: listed, and found by name.

use std::ffi::{OsStr, OsString};

use anyhow::{Context, Result, bail, ensure};
use given::Running;
use nix::unistd::Pid;

use crate::arguments::{Asked, Container, parse};
use crate::record::Record;

/// What runs, as a table; with `all` also those in the background that have ended.
pub fn ps(all: bool) -> Result<String> {
    let row = |pid: String, name: &str, status: &str, command: &[OsString]| {
        let command = command.join(OsStr::new(" "));
        format!("{pid:>7}  {name:<15}  {status:<12}  {}\n", command.display())
    };
    let mut table = row("PID".into(), "NAME", "STATUS", &["COMMAND".into()]);
    let running = given::containers();
    for container in &running {
        if let Some(made_as) = made_as(container) {
            table += &row(container.pid.to_string(), &made_as.name, "Up", &container.command);
        }
    }
    let ended = |(name, _): &(String, Record)| !running.iter().any(|container| is_called(container, name));
    for (name, record) in if all { Record::all()? } else { Vec::new() }.into_iter().filter(ended) {
        // Without a code the shim was killed, or the machine; or it is just about to begin.
        let status = record.exit_code().map_or("Lost".into(), |code| format!("Exited ({code})"));
        table += &row("-".into(), &name, &status, &record.made_as().unwrap_or_default().command);
    }
    Ok(table)
}

/// Whether there is a container of this name.
pub fn runs(name: &str) -> bool {
    given::containers().iter().any(|running| is_called(running, name))
}

/// The container's PID 1, and what was asked for when it was made.
pub fn find(asked: &str, running: &[Running]) -> Result<(Pid, Container)> {
    // Whatever process it is: joining says whether it is one's own.
    if let Ok(pid) = asked.parse() {
        ensure!(pid > 0, "there is no process {pid}");
        let known = running.iter().find(|container| container.pid.as_raw() == pid);
        return Ok((Pid::from_raw(pid), known.and_then(made_as).unwrap_or_default()));
    }
    let mut found = running.iter().filter(|container| is_called(container, asked));
    let first = found.next().with_context(|| format!("no container \"{asked}\" runs; mydocker ps lists what does"))?;
    if found.next().is_some() {
        bail!("several containers are called \"{asked}\"; take the PID, as mydocker ps has it");
    }
    Ok((first.pid, made_as(first).unwrap_or_default()))
}

fn is_called(running: &Running, name: &str) -> bool {
    made_as(running).is_some_and(|container| container.name == name)
}

/// What the command line asked for that made it. (None: it is a lab, which is a container, too.)
fn made_as(running: &Running) -> Option<Container> {
    match parse(running.made_by.iter().skip(1).cloned()) {
        Ok(Asked::Run(container)) => Some(container),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(pid: i32, line: &str) -> Running {
        let made_by = line.split(' ').map(Into::into).collect();
        Running { pid: Pid::from_raw(pid), made_by, command: vec!["sh".into()] }
    }

    #[test]
    fn a_container_is_found_by_its_name_or_by_its_pid() {
        let all =
            [running(7, "mydocker run --in-lab --name web --privileged sh"), running(8, "mydocker run --no-lab sh")];
        let found = |asked: &str| find(asked, &all).map(|(pid, container)| (pid.as_raw(), container.privileged)).ok();
        assert_eq!(found("web"), Some((7, true)));
        assert_eq!(found("7"), Some((7, true)));
        assert_eq!(found("mydocker"), Some((8, false)));
        assert_eq!(found("4711"), Some((4711, false)));
        assert!(find("0", &all).is_err() && find("-1", &all).is_err());
        assert!(made_as(&running(9, "coracle-lab {} mydocker run --in-lab sh")).is_none());
        assert!(find("sh", &all).is_err_and(|error| error.to_string().contains("mydocker ps")));
    }

    #[test]
    fn of_two_with_one_name_none_is_guessed() {
        let all = [running(7, "mydocker run sh"), running(8, "mydocker run sh")];
        assert!(find("mydocker", &all).is_err_and(|error| error.to_string().contains("several")));
    }
}
