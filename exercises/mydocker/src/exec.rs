//! What is done to a container that runs: a second process in it; pause, unpause and stop.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use given::Console;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid};

use crate::answers::{exec_in, freeze, group, join, leaked};
use crate::arguments::{Exec, Pause, Stop};
use crate::list::find;
use crate::record::Record;
use crate::run;

/// Runs the command in the container, and returns its exit code. No lab is entered: on this side
/// nothing is done but to leave it.
pub fn exec(asked: &Exec) -> Result<i32> {
    let (container, made_as) = find(&asked.container, &given::containers())?;
    let console = asked.terminal.then(Console::new).transpose()?;
    let has_terminal = given::has_terminal() && console.is_none();
    let introduction = given::Introduction::new()?;
    if let ForkResult::Parent { child } = given::fork()? {
        let code = match console {
            None => given::stand_in_for_command(child, introduction)?,
            Some(console) => run::on_terminal(child, console)?,
        };
        if code == KILLED && has_ended(container) {
            eprintln!("mydocker: the container has ended, and this command with it");
        }
        return Ok(code);
    }
    let introduction = introduction.inside();
    given::survive_typed_signals()?;

    // ANCHOR: exec
    let join = || {
        // 3.1a  Into its cgroup, or its limits wouldn't hold for the command.
        if made_as.is_limited() {
            group::join(&given::Cgroup::for_container(container)?)?;
        }

        // 1.10  Into its namespaces; in its PID namespace only our children are.
        join::join(container)
    };
    let seal = || {
        given::refuse_typing()?;
        match &console {
            Some(console) => console.open_inside()?,
            None if has_terminal => given::lead_on_terminal()?,
            None => {}
        }
        if console.is_none() {
            introduction.introduce()?;
        }
        leaked::work_in(&asked.directory)?;
        run::seal(&made_as, &asked.command)
    };

    // 6.5a  In this order, and with a process between us and the command.
    given::exit(exec_in::exec_in(&join, &seal, &asked.command)?)
    // ANCHOR_END: exec
}

/// Halts the container, or lets it go on.
pub fn pause(asked: &Pause) -> Result<()> {
    let (container, _) = find(&asked.container, &given::containers())?;

    // 3.6  It returns when that is so.
    freeze::freeze(&given::Cgroup::for_container(container)?, asked.frozen)
}

/// Asks the container to end, and kills it when it doesn't.
pub fn stop(asked: &Stop) -> Result<()> {
    let name = &asked.container;
    let (pid, _) = find(name, &given::containers())?;
    let process = given::pidfd(pid)?;
    // Asked for once the number can't become another's any more; nor is every process a container.
    let is_container = given::containers().iter().any(|container| container.pid == pid);
    ensure!(is_container, "no container \"{name}\" runs; mydocker ps lists what does");
    for (signal, patience) in [(Signal::SIGTERM, asked.patience), (Signal::SIGKILL, Duration::from_secs(60))] {
        match given::signal(&process, signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(errno) => return Err(errno).with_context(|| format!("{signal} for {name}")),
        }
        if given::ends_within(&process, patience)? {
            break;
        }
    }
    // Its shim notes the exit code a moment later.
    if let Ok(record) = Record::find(name) {
        (0..100).take_while(|_| record.exit_code().is_none()).for_each(|_| sleep(Duration::from_millis(20)));
    }
    println!("{name}");
    Ok(())
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
