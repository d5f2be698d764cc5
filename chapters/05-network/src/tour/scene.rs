//! The containers that the tour plays with.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::OwnedFd;

use anyhow::{Context, Result};
use ch01_namespaces::{
    Elsewhere, Namespace, Namespaces, Store, StoreFlags, Target, TourRun, Yield, narration::fitted, this_program,
    work_in,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::netlink::Netlink;
use crate::network::{Endpoint, Networks};
use crate::rootless::{holder_process, owns_network_namespace};

pub struct Scene<'a> {
    flags: &'a StoreFlags,
    store: Store,
}

/// A container that runs until its stdin ends.
pub struct Running<'a> {
    /// It outlives its containers.
    _scene: &'a Scene<'a>,
    pub name: String,
    pub process: Target,
    _run: TourRun,
}

impl Scene<'_> {
    pub fn set(flags: &StoreFlags) -> Result<Scene<'_>> {
        Ok(Scene { flags, store: flags.open()? })
    }

    pub fn start(&self, name: &str, flags: &[&str]) -> Result<Running<'_>> {
        let name = format!("tour-{}-{name}", std::process::id());
        let mut command = this_program()?;
        command.args(self.flags.as_args_with_roots());
        command.args(["run", "--name", &name, "--cgroups", "disabled"]).args(flags);
        let mut run = TourRun::start(command.args(["hostbox", "sh", "-c", "echo; read line"]))?;
        run.wait_for_output()?;
        let (_, state) = self.store.find(&name)?;
        Ok(Running { _scene: self, name, process: Target::process(state.pid)?, _run: run })
    }

    /// A process in the network namespace that the bridge is in.
    pub fn bridge_side(&self) -> Result<Side> {
        if owns_network_namespace() {
            return Ok(Side(Target::myself()?));
        }
        let holder = holder_process(&Networks::open(self.flags)?).context("there is no holder")?;
        Ok(Side(Target::process(holder.pid)?))
    }

    /// Where a container's port is published.
    pub fn published(&self, container: &Running<'_>) -> Result<SocketAddrV4> {
        let (directory, _) = self.store.find(&container.name)?;
        let endpoint = Endpoint::read(&directory).context("the container is on no network")?;
        let port = endpoint.ports.first().context("the container has no published port")?;
        Ok(SocketAddrV4::new(port.ip, port.host))
    }
}

/// A process in a network namespace.
pub struct Side(Target);

impl Side {
    pub fn netlink(&self) -> Result<Netlink> {
        netlink_of(&self.0)
    }
}

impl Running<'_> {
    /// A netlink socket of its network namespace.
    pub fn netlink(&self) -> Result<Netlink> {
        netlink_of(&self.process)
    }

    /// Its address, by its own interface.
    pub fn address(&self) -> Result<Ipv4Addr> {
        super::address_of(&self.netlink()?)
    }

    /// Does work in its network namespace.
    pub fn work<T: Serialize + DeserializeOwned>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        Ok(in_network_of(&self.process, || Ok((work()?, Vec::new())))?.0)
    }

    /// A listening socket in its network namespace.
    pub fn listen(&self, port: u16) -> Result<TcpListener> {
        let listen = || TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).with_context(|| format!("bind port {port}"));
        let fd = open_in_network_of(&self.process, || Ok(listen()?.into()))?;
        Ok(fd.into())
    }
}

/// The names of the interfaces in a process's network namespace: proc_pid_net(5).
pub fn interfaces(process: &Target) -> Result<Vec<String>> {
    let file = format!("/proc/{}/net/dev", process.pid);
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    Ok(text.lines().filter_map(|line| Some(fitted(line.split_once(':')?.0.trim(), 15))).collect())
}

fn netlink_of(process: &Target) -> Result<Netlink> {
    open_in_network_of(process, || Ok(Netlink::open()?.into())).map(Netlink::over)
}

/// A socket belongs to the network namespace that it was opened in, wherever it goes.
fn open_in_network_of(process: &Target, open: impl FnOnce() -> Result<OwnedFd>) -> Result<OwnedFd> {
    let ((), fds) = in_network_of(process, || Ok(((), vec![open()?])))?;
    fds.into_iter().next().context("a socket was lost on the way")
}

/// By a process that goes there: in a user's namespaces only their root may do it.
fn in_network_of<T>(process: &Target, work: impl FnOnce() -> Result<Yield<T>>) -> Result<Yield<T>>
where
    T: Serialize + DeserializeOwned,
{
    let apart = process.apart_from(&Target::myself()?)?;
    let kinds: Namespaces = apart.iter().filter(|kind| matches!(kind, Namespace::User | Namespace::Net)).collect();
    let pidfd = process.pidfd().try_clone_to_owned()?;
    let join = if kinds == Namespaces::none() { Vec::new() } else { vec![(kinds, pidfd)] };
    work_in(Elsewhere { join, ..Elsewhere::default() }, work)
}
