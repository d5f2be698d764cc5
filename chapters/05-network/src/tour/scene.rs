//! The containers that the tour plays with.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{
    Elsewhere, Failure, Namespace, Namespaces, Store, StoreFlags, Target, Yield, narration::fitted, work_in,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::netlink::Netlink;
use crate::network::{Endpoint, Networks};
use crate::rootless::{holder_process, owns_network_namespace};

pub struct Scene<'a> {
    flags: &'a StoreFlags,
    store: Store,
    me: PathBuf,
}

/// A container that runs until its stdin ends.
pub struct Running<'a> {
    scene: &'a Scene<'a>,
    pub name: String,
    pub process: Target,
    run: Child,
}

impl Scene<'_> {
    pub fn set(flags: &StoreFlags) -> Result<Scene<'_>> {
        let me = std::env::current_exe().context("cannot find this program's own file")?;
        Ok(Scene { flags, store: flags.open()?, me })
    }

    /// Our own `run`: the tour shows what everybody can do.
    pub fn start(&self, name: &str, flags: &[&str]) -> Result<Running<'_>> {
        let name = format!("tour-{}-{name}", std::process::id());
        let mut run = Command::new(&self.me)
            .args(self.flags.as_args_with_roots())
            .args(["run", "--name", &name, "--cgroups", "disabled"])
            .args(flags)
            .args(["hostbox", "sh", "-c", "echo; read line"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start this program again")?;
        let mut stdout = BufReader::new(run.stdout.take().context("no stdout")?);
        // It has printed something: it runs, and its state is on disk.
        if stdout.fill_buf()?.is_empty() {
            let mut message = String::new();
            run.stderr.take().context("no stderr")?.read_to_string(&mut message)?;
            let code = run.wait()?.code().unwrap_or(125) as u8;
            let message = message.trim().trim_start_matches("ch05-network: ");
            bail!(Failure::new(code, format!("no container can be made here, so the tour ends early:\n{message}")));
        }
        let (_, state) = self.store.find(&name)?;
        Ok(Running { scene: self, name, process: Target::process(state.pid)?, run })
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

/// (When the tour is interrupted, its stdin ends as well.)
impl Drop for Running<'_> {
    fn drop(&mut self) {
        drop(self.run.stdin.take());
        let _ = self.run.wait();
        let _ = self.scene;
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
