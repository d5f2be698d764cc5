//! The runtime, from top to bottom in the order that the kernel needs.

use std::ffi::OsString;
use std::fs::File;
use std::io::stdin;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::AsFd;
use std::process;

use anyhow::{Context, Result};
use given::{Console, Meeting, Subnet};
use nix::unistd::{ForkResult, Pid};

use crate::answers::{
    address, boot_clock, bridge, filter, group, hostname, ids, init, isolation, leaf, leaked, lease, loopback, memory,
    minimal_dev, nat, no_new_privs, pid_one, pivot, powers, private_mounts, publish, raw_mode, read_only, removal,
    veth, volume,
};
use crate::arguments::{Container, Network};
use crate::store::store;
use crate::{images, limits};

/// The bridge, and what is on it.
const BRIDGE: &str = "mydocker0";
const SUBNET: Subnet = Subnet { network: Ipv4Addr::new(172, 29, 0, 0), prefix: 16 };

/// The capabilities that Docker leaves to root, bit N for capability N: CHOWN, DAC_OVERRIDE,
/// FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW, SYS_CHROOT, MKNOD,
/// AUDIT_WRITE, SETFCAP.
const DOCKERS_POWERS: u64 = 0xa804_25fb;

/// Makes a container, and returns its exit code. In the container it becomes the command, and
/// returns only to say why not. There is a listener for each port that is published.
pub fn run(container: &Container, listeners: Vec<TcpListener>) -> Result<i32> {
    // 1.4  Root of a user namespace, if not root already: every other namespace asks for that.
    if !given::is_privileged() {
        ids::become_root()?;
    }

    // 1.9  Clocks for our children; before the first of them is born.
    if let Some(ahead) = container.boot_clock {
        boot_clock::boot_clock(ahead)?;
    }

    // The image's layers, and an empty directory for what the container changes.
    let stored = container.image.as_ref().map(|image| store()?.new_container(&container.name, image)).transpose()?;

    // Where the container's cgroups go. Nothing is made yet.
    let group = given::Cgroup::place(&container.name)?;
    if container.is_limited() {
        // 3.2  On v2: controllers for the cgroups below, and processes only in those.
        leaf::make_room(group.parent(), &["cpu", "memory", "pids"])?;

        // 3.1a  A cgroup in each hierarchy.
        group::create(&group)?;

        // A failed one must not stay: the next container of this name couldn't have it.
        limits::limit(container, &group).inspect_err(|_| drop(removal::remove(&group)))?;
    }

    let (mut address, mut proxies) = (None, Vec::new());
    if container.network == Network::Bridge {
        given::host_network()?;

        // 5.2a  What containers are plugged into.
        bridge::bridge(BRIDGE, SUBNET.gateway(), SUBNET.prefix)?;

        // 5.4  The host's address, for what leaves.
        given::nft(&nat::masquerade(SUBNET, BRIDGE))?;

        // 5.3b  An address that no other container has, as long as this process runs.
        let name = format!("{}.{}", container.name, process::id());
        let leased = lease::lease(&given::leases()?, SUBNET, &name)?;
        for (listener, port) in listeners.into_iter().zip(&container.ports) {
            // 5.5  From the machine's port to the container's, in a process of its own: on the host, so
            // before our children are born into the container.
            let server = SocketAddrV4::new(leased, port.container);
            proxies.push(given::beside(move || publish::publish(&listener, server))?);
        }
        address = Some(leased);
    }

    let console = container.terminal.then(Console::new).transpose()?;
    let has_terminal = given::has_terminal() && console.is_none();
    let mut meeting = Meeting::new()?;

    // 1.3a  From here on there are two of us.
    if let ForkResult::Parent { child } = pid_one::fork_as_pid_one()? {
        // Still on the host. What fails here ends the container, too.
        let connected = connect(child, address, meeting);
        let code = match console {
            None => given::stand_in_for(child)?,
            Some(console) => on_terminal(child, console)?,
        };
        // The ports are free again, when we are gone.
        proxies.into_iter().try_for_each(given::end)?;
        if container.is_limited() {
            // 3.4  Killed, and by whom.
            if memory::was_oom_killed(&group)? {
                given::say_out_of_memory();
            }

            // 3.9  A cgroup stays until somebody removes it.
            removal::remove(&group)?;
        }
        connected?;
        return Ok(code);
    }

    // In the container, as its PID 1.

    // 3.1a  Into its cgroup, before it can use anything; and before the cgroup namespace, which takes
    // the cgroup as its root.
    if container.is_limited() {
        group::join(&group)?;
    }

    if has_terminal {
        given::lead_on_terminal()?;
    }

    // It reads and writes on our terminal, and doesn't type there for our shell.
    given::refuse_typing()?;

    // 1.12  Namespaces that need nothing else.
    isolation::isolate(&["ipc", "cgroup"])?;

    // 1.2  A hostname of its own.
    hostname::own_hostname(&container.hostname)?;

    // 5.1  A network of its own, in which lo is up.
    if container.network != Network::Host {
        loopback::own_network()?;
    }

    // The host needs that network, and we what it plugs in.
    meeting.ask_host()?;

    // 5.3a  Its end of the cable.
    if let Some(address) = address {
        address::configure(address, SUBNET.prefix, SUBNET.gateway())?;
    }

    // 2.1  A mount table of its own; before the first mount, or the host would have it, too.
    private_mounts::private_mounts()?;

    // What is to become /.
    let root = given::empty_root()?;
    match &stored {
        None => given::machine_root(&root)?,
        Some(stored) => images::mount(stored, container.storage, &root)?,
    }

    // A /proc that shows the container's processes; while the old one is still in sight, or the kernel
    // refuses it.
    given::mount_proc(&root)?;

    // 2.5  Devices that harm nobody.
    minimal_dev::minimal_dev(&root)?;

    for volume in &container.volumes {
        // 2.6b  Where the target is in this root, whatever links there are.
        let target = volume::target_in_root(&root, &volume.target)?;
        let source = if volume.read_only {
            // 2.6a  What is mounted at the target is a view of the source.
            let view = given::empty_place_like(&volume.source)?;
            read_only::bind_read_only(&volume.source, &view)?;
            view
        } else {
            volume.source.clone()
        };
        given::bind(&source, &target)?;
    }

    // 2.4  The root becomes /, and the host's files are gone. Anything the container needs is already
    // mounted.
    pivot::pivot_into(&root)?;

    if let Some(console) = &console {
        console.open_inside()?;
    }

    // 6.5b  The working directory, which has to be inside; and nothing that is open here is left to
    // the command.
    leaked::work_in(&container.directory)?;

    seal(container, &container.command)?;

    // 1.3b  A PID 1 that reaps and forwards; the command is its child.
    if container.init {
        given::exit(init::run_as_init(&container.command)?);
    }

    // The command takes this process over.
    match given::exec(&container.command)? {}
}

/// Waits for a child that has a terminal of its own.
pub fn on_terminal(child: Pid, console: Console) -> Result<i32> {
    let ours = File::from(stdin().as_fd().try_clone_to_owned().context("dup of stdin")?);

    // 6.4  Every key goes through, to the other one.
    raw_mode::with_raw_terminal(&ours, || console.serve(child))
}

/// Takes away what a command in the container may not do; in the container, right before `command`.
pub fn seal(container: &Container, command: &[OsString]) -> Result<()> {
    if !container.privileged {
        // 6.10  No new namespaces, whose root would have all powers. A filter takes a power that 6.8
        // takes away.
        given::install_filter(&filter::no_new_namespaces())?;

        // 6.8  Of root's powers, those that Docker leaves (and that we have).
        powers::keep_only(DOCKERS_POWERS & given::permitted()?)?;
    }

    // 6.11  The command gains nothing by what it executes. This process stays, and waits for it.
    if container.no_new_privileges {
        given::exit(given::stand_in_for(no_new_privs::start_locked(command)?)?);
    }
    Ok(())
}

/// The container has its namespaces, and waits for a cable.
fn connect(child: Pid, address: Option<Ipv4Addr>, mut meeting: Meeting) -> Result<()> {
    if meeting.wait_for_container()? {
        // 5.2b  From the bridge to its eth0.
        if address.is_some() {
            veth::plug_in(child, BRIDGE)?;
        }
        meeting.let_go()?;
    }
    Ok(())
}
