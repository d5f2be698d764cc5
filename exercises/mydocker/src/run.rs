//! The runtime, from top to bottom in the order that the kernel needs.

use anyhow::Result;
use nix::unistd::ForkResult;

use crate::answers::{
    boot_clock, hostname, ids, init, isolation, minimal_dev, pid_one, pivot, private_mounts, read_only, volume,
};
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

    // 2.1  A mount table of its own; before the first mount, or the host would have it, too.
    private_mounts::private_mounts()?;

    // What is to become /: this machine's programs, and empty folders. (Layers, in chapter 4.)
    let root = given::empty_root()?;
    given::machine_root(&root)?;

    // A /proc that shows the container's processes; while the old one is still in sight, or the kernel refuses it.
    given::mount_proc(&root)?;

    // 2.3  Devices that harm nobody.
    minimal_dev::minimal_dev(&root)?;

    for volume in &container.volumes {
        // 2.6  Where the target is in this root, whatever links there are.
        let target = volume::target_in_root(&root, &volume.target)?;
        let source = if volume.read_only {
            // 2.5  What is mounted at the target is a view of the source.
            let view = given::empty_place_like(&volume.source)?;
            read_only::bind_read_only(&volume.source, &view)?;
            view
        } else {
            volume.source.clone()
        };
        given::bind(&source, &target)?;
    }

    // 2.2  The root becomes /, and the host's files are gone. What is of them inside, is mounted by now.
    pivot::pivot_into(&root)?;

    // 1.4  A PID 1 that reaps and forwards; the command is its child.
    if container.init {
        given::exit(init::run_as_init(&container.command)?);
    }

    // The command takes this process over.
    match given::exec(&container.command)? {}
}
