//! What is done to a container that runs: a second process in it; pause and unpause.

use std::ffi::OsStr;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use given::Running;
use nix::sys::signal::kill;
use nix::unistd::{ForkResult, Pid};

use crate::answers::{freeze, join};
use crate::arguments::{Asked, Exec, Pause, parse};

/// Runs the command in the container, and returns its exit code. No lab is entered: on this side
/// nothing is done but to leave it.
pub fn exec(asked: &Exec) -> Result<i32> {
    let container = find(&asked.container, &given::containers())?;

    let has_terminal = given::has_terminal();

    // 1.10  Into its namespaces; in its PID namespace only our children are.
    join::join(container)?;

    if let ForkResult::Parent { child } = given::fork()? {
        let code = given::stand_in_for(child)?;
        if code == KILLED && has_ended(container) {
            eprintln!("mydocker: the container has ended, and this command with it");
        }
        return Ok(code);
    }
    if has_terminal {
        given::lead_on_terminal()?;
    }
    given::refuse_typing()?;
    match given::exec(&asked.command)? {}
}

/// Halts the container, or lets it go on.
pub fn pause(asked: &Pause) -> Result<()> {
    let container = find(&asked.container, &given::containers())?;

    // 3.6  It returns when that is so.
    freeze::freeze(&given::Cgroup::of(container)?, asked.frozen)
}

/// As Docker and shells tell it: 128 and the number of SIGKILL.
const KILLED: i32 = 137;

/// A PID 1 that ends kills all others of its namespace first, so it may take a moment until it is
/// gone.
fn has_ended(container: Pid) -> bool {
    (0..10).any(|_| {
        sleep(Duration::from_millis(20));
        kill(container, None).is_err()
    })
}

/// What runs, as a table.
pub fn ps() -> String {
    let line = |container: &Running| {
        let command = container.command.join(OsStr::new(" "));
        Some(format!("{:>7}  {:<15}  {}\n", container.pid, name(container)?, command.display()))
    };
    let lines: String = given::containers().iter().filter_map(line).collect();
    format!("{:>7}  {:<15}  COMMAND\n{lines}", "PID", "NAME")
}

/// Whether there is a container of this name.
pub fn runs(asked: &str) -> bool {
    given::containers().iter().any(|container| name(container).as_deref() == Some(asked))
}

fn find(asked: &str, running: &[Running]) -> Result<Pid> {
    // Whatever process it is: joining says whether it is one's own.
    if let Ok(pid) = asked.parse() {
        ensure!(pid > 0, "there is no process {pid}");
        return Ok(Pid::from_raw(pid));
    }
    let mut found = running.iter().filter(|container| name(container).as_deref() == Some(asked));
    let first = found.next().with_context(|| format!("no container \"{asked}\" runs; mydocker ps lists what does"))?;
    if found.next().is_some() {
        bail!("several containers are called \"{asked}\"; take the PID, as mydocker ps has it");
    }
    Ok(first.pid)
}

/// What it was called on the command line that made it. (None: it is a lab, which is a container,
/// too.)
fn name(container: &Running) -> Option<String> {
    match parse(container.made_by.iter().skip(1).cloned()) {
        Ok(Asked::Run(container)) => Some(container.name),
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
        let all = [running(7, "mydocker run --in-lab --name web sh"), running(8, "mydocker run --no-lab sh")];
        assert_eq!(find("web", &all).ok(), Some(Pid::from_raw(7)));
        assert_eq!(find("mydocker", &all).ok(), Some(Pid::from_raw(8)));
        assert_eq!(find("4711", &all).ok(), Some(Pid::from_raw(4711)));
        assert!(find("0", &all).is_err() && find("-1", &all).is_err());
        assert_eq!(name(&running(9, "coracle-lab {} mydocker run --in-lab sh")), None);
        assert!(find("sh", &all).is_err_and(|error| error.to_string().contains("mydocker ps")));
    }

    #[test]
    fn of_two_with_one_name_none_is_guessed() {
        let all = [running(7, "mydocker run sh"), running(8, "mydocker run sh")];
        assert!(find("mydocker", &all).is_err_and(|error| error.to_string().contains("several")));
    }
}
