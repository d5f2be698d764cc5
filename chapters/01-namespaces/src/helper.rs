//! Helper processes: what must outlive the command that started it, or do something beside it.
//!
//! A helper is this program, executed anew with a hidden verb as its role (a forked copy would keep
//! the first command's memory, and its name in `ps`). It has a session of its own, no terminal, no
//! open files but those it is given, and the default signals. It does nothing before its undo
//! record is on disk, and says when it is ready.

use std::ffi::{CString, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, chdir, setsid};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::failure::{Failure, exit};
use crate::link::Link;
use crate::mapping::Request;
use crate::mechanisms::write_id_maps;
use crate::namespaces::{Namespace, Namespaces};
use crate::plan::Caller;
use crate::recorded_process::RecordedProcess;
use crate::steps;
use crate::sys::{self, Cloned};

/// What to start.
#[derive(Debug, Default)]
pub struct Helper {
    /// The hidden verb, and its arguments.
    pub role: Vec<OsString>,
    /// Open files that it is given.
    pub fds: Vec<OwnedFd>,
    /// Namespaces that it makes.
    pub create: Namespaces,
    /// Which ids a new user namespace has.
    pub ids: Request,
}

/// A helper that is ready.
#[derive(Debug)]
pub struct Started<T> {
    /// The process, as it was recorded.
    pub process: RecordedProcess,
    /// A handle of it.
    pub pidfd: OwnedFd,
    /// What it said when it was ready.
    pub value: T,
    /// Open files that it gave us.
    pub fds: Vec<OwnedFd>,
}

#[derive(Serialize, Deserialize)]
enum FromHelper<T> {
    Ready(T),
    Failed(Failure),
}

/// The number under which a helper finds the link to its starter.
const LINK: i32 = 3;

impl Helper {
    // ANCHOR: start
    /// Starts it. `record` writes down how to end it; before that, it waits.
    pub fn start<T: DeserializeOwned>(self, record: impl FnOnce(&RecordedProcess) -> Result<()>) -> Result<Started<T>> {
        if !sys::is_single_threaded()? {
            bail!("only a process with a single thread can start a helper: a bug of ours");
        }
        let caller = Caller::current();
        let (link, helpers) = Link::pair()?;
        let has_ids = self.create.has(Namespace::User);
        match sys::clone3(&steps::START_HELPER, self.create, None)? {
            Cloned::Child => {
                drop(link);
                let Err(error) = become_helper(&helpers, &self.role, has_ids);
                let _ = helpers.send(&FromHelper::<()>::Failed(Failure::from_error(&error)), &[]);
                sys::exit_now(exit::OURS)
            }
            Cloned::Parent { child, pidfd } => {
                drop(helpers);
                let started = lead(&link, child, caller, &self, has_ids, record);
                match started {
                    Ok((process, value, fds)) => Ok(Started { process, pidfd, value, fds }),
                    Err(error) => {
                        let _ = sys::pidfd_send_signal(pidfd.as_fd(), Signal::SIGKILL);
                        let _ = waitid(Id::PIDFd(pidfd.as_fd()), WaitPidFlag::WEXITED);
                        Err(error.context(format!("cannot start the helper {}", self.name())))
                    }
                }
            }
        }
    }
    // ANCHOR_END: start

    fn name(&self) -> String {
        self.role.first().map(|role| role.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

fn lead<T: DeserializeOwned>(
    link: &Link,
    child: Pid,
    caller: Caller,
    helper: &Helper,
    has_ids: bool,
    record: impl FnOnce(&RecordedProcess) -> Result<()>,
) -> Result<(RecordedProcess, T, Vec<OwnedFd>)> {
    let process = RecordedProcess::from_pid(child)?;
    record(&process)?;
    if has_ids {
        write_id_maps(helper.ids, child, caller)?;
    }
    link.send(&(), &helper.fds)?;
    match link.receive::<FromHelper<T>>()? {
        Some((FromHelper::Ready(value), fds)) => Ok((process, value, fds)),
        Some((FromHelper::Failed(failure), _)) => Err(failure.into()),
        None => bail!("it ended before it was ready"),
    }
}

/// From the clone to the program.
fn become_helper(link: &Link, role: &[OsString], has_ids: bool) -> Result<std::convert::Infallible> {
    setsid().context("setsid")?;
    chdir("/").context("chdir")?;
    sys::set_ignored(Signal::SIGCHLD, false)?;
    nix::sys::signal::SigSet::empty().thread_set_mask()?;
    if has_ids {
        // Without ids the execve would lose all capabilities; the files come along and wait in the socket.
        wait_for_ids()?;
    }
    sys::become_background(link.as_fd(), LINK)?;
    let own = std::env::args_os().next().unwrap_or_else(|| "coracle".into());
    let c_string = |text: OsString| CString::new(text.into_vec()).map_err(|_| anyhow!("an argument with a zero byte"));
    let argv: Vec<CString> = [own].into_iter().chain(role.iter().cloned()).map(c_string).collect::<Result<_>>()?;
    let env: Vec<CString> = std::env::vars_os()
        .filter(|(name, _)| name == "PATH" || name == "CORACLE_PROGRAM")
        .map(|(name, value)| c_string([name, value].join(std::ffi::OsStr::new("="))))
        .collect::<Result<_>>()?;
    Err(anyhow!("execve: {:?}", sys::execve(&c"/proc/self/exe".to_owned(), &argv, &env)))
}

/// Until this process is somebody: its starter writes the maps a moment after the clone.
fn wait_for_ids() -> Result<()> {
    for _ in 0..2000 {
        if nix::unistd::Uid::effective().is_root() && nix::unistd::Gid::effective().as_raw() == 0 {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_micros(500));
    }
    bail!("the ids of the helper's user namespace were not mapped")
}

/// What a helper does when it is ready.
pub type Work = Box<dyn FnOnce() -> Result<()>>;

// ANCHOR: serve
/// A helper's side: takes what it was given, prepares, says that it is ready (or why not), and
/// works.
pub fn serve<T: Serialize>(prepare: impl FnOnce(Vec<OwnedFd>) -> Result<(T, Vec<OwnedFd>, Work)>) -> Result<u8> {
    crate::own_binary::take_name(None);
    let link = Link::over(sys::own(LINK));
    let Some(((), given)) = link.receive::<()>().context("a helper is started by this program only")? else {
        // Our starter died before it had written us down.
        return Ok(exit::OURS);
    };
    match prepare(given) {
        Ok((value, fds, work)) => {
            link.send(&FromHelper::Ready(value), &fds)?;
            drop((link, fds));
            work().map(|()| 0)
        }
        Err(error) => {
            link.send(&FromHelper::<()>::Failed(Failure::from_error(&error)), &[])?;
            Ok(exit::OURS)
        }
    }
}
// ANCHOR_END: serve
