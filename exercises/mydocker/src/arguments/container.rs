//! What can be asked of a container.

use std::ffi::OsString;
use std::net::SocketAddrV4;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::time::Duration;

/// The container that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    pub name: String,
    pub hostname: String,
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// How far the boot clock is ahead.
    pub boot_clock: Option<Duration>,
    /// Whether PID 1 is an init, and the command its child.
    pub init: bool,
    /// The command's working directory, in the container.
    pub directory: PathBuf,
    /// Whether it keeps all of root's powers, and may make every system call.
    pub privileged: bool,
    /// Whether the command may gain nothing by what it executes.
    pub no_new_privileges: bool,
    pub volumes: Vec<Volume>,
    /// The image whose files it has; without one, this machine's programs.
    pub image: Option<String>,
    pub storage: Storage,
    pub network: Network,
    pub ports: Vec<Port>,
    /// How many processors it may use.
    pub cpus: Option<f64>,
    /// How many bytes of memory.
    pub memory: Option<u64>,
    /// How many processes and threads.
    pub pids: Option<u64>,
    /// Whether its terminal is one of its own.
    pub terminal: bool,
    /// Whether it is to go on in the background.
    pub detached: bool,
    /// Whether this is the process that was started there.
    pub in_background: bool,
    /// Whether a lab is to be entered first.
    pub lab: bool,
    /// Whether this is the process that was started in the lab.
    pub in_lab: bool,
    /// The descriptors that it was given: each port's listener.
    pub listeners: Vec<RawFd>,
}

/// A port of the machine's that leads to one of the container's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// The machine's; 0.0.0.0 are all of its addresses.
    pub machine: SocketAddrV4,
    pub container: u16,
}

/// A directory or file of the host's that the container sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// On the host.
    pub source: PathBuf,
    /// In the container, where `/` is its root.
    pub target: PathBuf,
    pub read_only: bool,
}

impl Default for Container {
    /// As `run` makes it without options.
    fn default() -> Container {
        Container {
            name: "mydocker".into(),
            hostname: "mydocker".into(),
            command: Vec::new(),
            boot_clock: None,
            init: false,
            directory: "/".into(),
            privileged: false,
            no_new_privileges: false,
            volumes: Vec::new(),
            image: None,
            storage: Storage::Overlay,
            network: Network::None,
            ports: Vec::new(),
            cpus: None,
            memory: None,
            pids: None,
            terminal: false,
            detached: false,
            in_background: false,
            lab: true,
            in_lab: false,
            listeners: Vec::new(),
        }
    }
}

impl Container {
    /// Whether it needs a cgroup.
    pub fn is_limited(&self) -> bool {
        self.cpus.is_some() || self.memory.is_some() || self.pids.is_some()
    }
}

/// How layers are stored, and made a root of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Each layer has what is different from the ones below; the kernel unites them.
    Overlay,
    /// Each layer has all files, and so has each container.
    Vfs,
}

/// Whose network it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Its own, which leads nowhere.
    None,
    /// Its own, on a bridge with others'.
    Bridge,
    /// The host's.
    Host,
}
