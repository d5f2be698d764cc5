//! The runtime, from top to bottom in the order that the kernel needs.

use anyhow::Result;
use nix::unistd::ForkResult;

use crate::answers::{boot_clock, hostname, ids, init, isolation, pid_one};
use crate::arguments::Container;

/// Makes a container, and returns its exit code. In the container it becomes the command, and returns only to say why not.
pub fn run(container: &Container) -> Result<i32> {
    // 1.3  Root of a user namespace, if not root already: every other namespace asks for that.
    if !given::is_privileged() {
        ids::become_root()?;
    }

    // 1.6  Clocks for our children; before the first of them is born.
    if let Some(ahead) = container.boot_clock {
        boot_clock::boot_clock(ahead)?;
    }

    let has_terminal = given::has_terminal();

    // 1.2  From here on there are two of us.
    if let ForkResult::Parent { child } = pid_one::fork_as_pid_one()? {
        // Still on the host.
        return given::stand_in_for(child);
    }

    // In the container, as its PID 1.
    if has_terminal {
        given::lead_on_terminal()?;
    }

    // 1.7  What needs nothing but to be asked for.
    isolation::isolate(&["ipc", "cgroup"])?;

    // 1.1  A hostname of its own.
    hostname::own_hostname(&container.hostname)?;

    // A /proc that shows the container's processes. (Yours in chapter 2.)
    given::own_proc()?;

    // 1.4  A PID 1 that reaps and forwards; the command is its child.
    if container.init {
        given::exit(init::run_as_init(&container.command)?);
    }

    // The command takes this process over.
    match given::exec(&container.command)? {}
}
