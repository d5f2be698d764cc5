//! The runtime, from top to bottom in the order that the kernel needs.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::Path;
use std::process;

use anyhow::Result;
use given::{Meeting, Subnet};
use nix::unistd::{ForkResult, Pid};

use crate::answers::{
    address, boot_clock, bridge, copy_layer, cpu, group, hostname, ids, init, isolation, leaf, lease, loopback, memory,
    minimal_dev, nat, overlay, pid_one, pids, pivot, private_mounts, publish, read_only, removal, veth, volume,
};
use crate::arguments::{Container, Network, Storage};
use crate::store::{Stored, store};

/// The bridge, and what is on it.
const BRIDGE: &str = "mydocker0";
const SUBNET: Subnet = Subnet { network: Ipv4Addr::new(172, 29, 0, 0), prefix: 16 };

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

    // Where the container's groups go. Nothing is made yet.
    let group = given::Cgroup::place(&container.name)?;
    if container.is_limited() {
        // 3.2  On v2: controllers for the groups below, and processes only in those.
        leaf::make_room(group.parent(), &["cpu", "memory", "pids"])?;

        // 3.1a  A group in each tree.
        group::create(&group)?;

        // What is in vain must not stay: the next container of this name couldn't have it.
        limit(container, &group).inspect_err(|_| drop(removal::remove(&group)))?;
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

    let has_terminal = given::has_terminal();
    let mut meeting = Meeting::new()?;

    // 1.3a  From here on there are two of us.
    if let ForkResult::Parent { child } = pid_one::fork_as_pid_one()? {
        // Still on the host. What fails here ends the container, too.
        let connected = connect(child, address, meeting);
        let code = given::stand_in_for(child)?;
        // The ports are free again, when we are gone.
        proxies.into_iter().try_for_each(given::end)?;
        if container.is_limited() {
            // 3.4  Killed, and by whom.
            if memory::was_oom_killed(&group)? {
                given::say_out_of_memory();
            }

            // 3.9  A group stays until somebody removes it.
            removal::remove(&group)?;
        }
        connected?;
        return Ok(code);
    }

    // In the container, as its PID 1.

    // 3.1a  Into its group, before it can use anything; and before the cgroup namespace, which takes
    // the group as its root.
    if container.is_limited() {
        group::join(&group)?;
    }

    if has_terminal {
        given::lead_on_terminal()?;
    }

    // It reads and writes on our terminal, and doesn't type there for our shell.
    given::refuse_typing()?;

    // 1.12  What needs nothing but to be asked for.
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
        Some(stored) => files(stored, container.storage, &root)?,
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

    // 2.4  The root becomes /, and the host's files are gone. What is of them inside, is mounted by
    // now.
    pivot::pivot_into(&root)?;

    // 1.3b  A PID 1 that reaps and forwards; the command is its child.
    if container.init {
        given::exit(init::run_as_init(&container.command)?);
    }

    // The command takes this process over.
    match given::exec(&container.command)? {}
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

/// The image's files.
fn files(stored: &Stored, storage: Storage, root: &Path) -> Result<()> {
    match storage {
        // 4.2  All layers, seen as one; and each change goes into the container's own directory.
        Storage::Overlay => overlay::mount_overlay(stored.differences()?, &stored.upper, &stored.work, root)?,
        Storage::Vfs => {
            // 4.7  A copy, which belongs to the container.
            copy_layer::copy_layer(stored.whole_image()?, &stored.copy)?;
            stored.show_copy(root)?;
        }
    }
    if stored.on_hostbox { given::show_programs(root) } else { Ok(()) }
}

/// What the container may use; before it can use anything.
fn limit(container: &Container, group: &given::Cgroup) -> Result<()> {
    // 3.3  Time, in each period.
    if let Some(cpus) = container.cpus {
        cpu::limit_cpu(group, cpus)?;
    }

    // 3.4  Memory, and no swap beyond it.
    if let Some(bytes) = container.memory {
        memory::limit_memory(group, bytes)?;
    }

    // 3.5a  Processes and threads.
    if let Some(most) = container.pids {
        pids::limit_pids(group, most)?;
    }
    Ok(())
}
