//! The holder: the process that keeps a user's namespaces alive as long as a container has an
//! address in them.

use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use ch01_namespaces::helper::{Helper, Work, serve};
use ch01_namespaces::{Elsewhere, Life, Namespace, Namespaces, RecordedProcess, StoreFlags, Yield, work_in};

use super::way_out;
use crate::netlink::Netlink;
use crate::network::Networks;

/// How long an unused holder stays: who has just asked for it may not have an address yet.
const GRACE: Duration = Duration::from_secs(10);

/// How often it looks whether it is needed.
const LOOK: Duration = Duration::from_secs(2);

/// Which process it is, in the networks' state directory.
const FILE: &str = "holder.json";

/// A user's namespaces, found or made.
#[derive(Debug)]
pub struct Holder {
    process: RecordedProcess,
    user: File,
    net: File,
}

fn file(networks: &Networks) -> PathBuf {
    networks.state().join(FILE)
}

impl Holder {
    // ANCHOR: find_or_start
    /// The user's namespaces. Starts a holder if none runs. If the holder was killed, its containers
    /// have lost their networks, and new containers use the new holder.
    pub fn find_or_start(flags: &StoreFlags, networks: &Networks) -> Result<Holder> {
        let _alone = networks.lock()?;
        if let Some(process) = recorded(networks).filter(|process| process.life() == Life::Alive) {
            // The holder sees that it is in use.
            let file = File::options().write(true).open(file(networks))?;
            file.set_modified(SystemTime::now())?;
            way_out::start_again_if_killed(flags, networks, &process)?;
            return Holder::from_record(&process);
        }
        let role = ["network-holder".into(), networks.state().into()];
        // The record of a killed holder.
        way_out::end(networks)?;
        let (ends, kept) = std::io::pipe().context("cannot make a pipe")?;
        let helper = Helper {
            role: flags.as_args_with_roots().into_iter().chain(role).collect(),
            fds: vec![kept.into()],
            create: Namespaces::none().with(Namespace::User).with(Namespace::Net),
            ..Helper::default()
        };
        let started = helper.start::<()>(|process| {
            let file = file(networks);
            fs::write(&file, serde_json::to_vec(process)?).with_context(|| format!("cannot write {}", file.display()))
        })?;
        let holder = Holder::from_record(&started.process)?;
        way_out::start(flags, networks, &started.process, ends.into())?;
        Ok(holder)
    }
    // ANCHOR_END: find_or_start

    /// The namespaces that a container's network is in.
    pub fn of_container(container: &str, process: &RecordedProcess) -> Result<Holder> {
        if process.life() != Life::Alive {
            bail!(
                "container {container} has lost its network\ncause: the process that kept it was killed\n\
                 cure: remove the container, and create it again"
            );
        }
        Holder::from_record(process)
    }

    /// The process.
    pub fn process(&self) -> &RecordedProcess {
        &self.process
    }

    fn from_record(process: &RecordedProcess) -> Result<Holder> {
        let open = |kind| {
            let path = format!("/proc/{}/ns/{kind}", process.pid);
            File::open(&path).with_context(|| format!("cannot open {path}"))
        };
        Ok(Holder { process: process.clone(), user: open("user")?, net: open("net")? })
    }

    /// Moves this process into the user namespace. It stays in the machine's network namespace, from
    /// which there would be no way back: ports are published there.
    pub fn enter_user_namespace(&self) -> Result<()> {
        // A shim that starts its container again is there already, and the kernel refuses to go where one
        // is (setns(2)).
        let inode = |meta: std::io::Result<fs::Metadata>| meta.map(|meta| meta.ino()).ok();
        if inode(self.user.metadata()) == inode(fs::metadata("/proc/self/ns/user")) {
            return Ok(());
        }
        ch01_namespaces::enter_user_namespace(&crate::steps::ENTER_USERS_NAMESPACE, self.user.as_fd())
    }

    /// The network namespace.
    pub fn network_namespace(&self) -> Result<OwnedFd> {
        Ok(self.net.try_clone()?.into())
    }

    /// Does work in the network namespace, by a process that goes there. This process is in the user
    /// namespace already.
    pub fn work(&self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        self.fetch(|| work().map(|()| Vec::new())).map(drop)
    }

    /// A netlink socket in the network namespace.
    pub fn netlink(&self) -> Result<Netlink> {
        let fds = self.fetch(|| Ok(vec![Netlink::open()?.into()]))?;
        Ok(Netlink::over(fds.into_iter().next().context("the netlink socket was lost on the way")?))
    }

    fn fetch(&self, work: impl FnOnce() -> Result<Vec<OwnedFd>>) -> Result<Vec<OwnedFd>> {
        let there = Elsewhere {
            join: vec![(Namespaces::none().with(Namespace::Net), self.network_namespace()?)],
            ..Elsewhere::default()
        };
        let ((), fds): Yield<()> = work_in(there, || Ok(((), work()?)))?;
        Ok(fds)
    }

    /// Whether packets for the world have somewhere to go.
    pub fn has_way_out(&self, networks: &Networks) -> bool {
        way_out::is_there(networks)
    }
}

/// The holder, as it was recorded; it may have ended.
pub fn recorded(networks: &Networks) -> Option<RecordedProcess> {
    read(&file(networks))
}

fn read(file: &Path) -> Option<RecordedProcess> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// The helper's role.
pub fn run(flags: &StoreFlags, _state: &Path) -> Result<u8> {
    let networks = Networks::open(flags)?;
    serve(move |kept| {
        Netlink::open()?.set_up("lo")?;
        forward_nothing()?;
        let work: Work = Box::new(move || {
            let held = hold(&networks);
            // The way out ends with it.
            drop(kept);
            held
        });
        Ok(((), Vec::new(), work))
    })
}

/// A new network namespace may begin with the machine's setting. Without rules, a user's networks
/// are kept apart by this alone.
fn forward_nothing() -> Result<()> {
    const FILE: &str = "/proc/sys/net/ipv4/ip_forward";
    if fs::read_to_string(FILE).is_ok_and(|value| value.trim() == "0") {
        return Ok(());
    }
    fs::write(FILE, "0").with_context(|| format!("cannot write {FILE}\ncure: mount /proc/sys writable"))
}

/// Until no container has an address, and nobody has asked for a while.
fn hold(networks: &Networks) -> Result<()> {
    loop {
        std::thread::sleep(LOOK);
        if is_needed(networks) {
            continue;
        }
        let _alone = networks.lock()?;
        if !is_needed(networks) {
            way_out::end(networks)?;
            return fs::remove_file(file(networks)).context("cannot remove the holder's record");
        }
    }
}

fn is_needed(networks: &Networks) -> bool {
    let asked = fs::metadata(file(networks)).and_then(|meta| meta.modified());
    let is_recent = asked.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < GRACE));
    is_recent || networks.has_leases()
}
