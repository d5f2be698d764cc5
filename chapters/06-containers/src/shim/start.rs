//! From outside: starting a shim, and talking to one.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use ch01_namespaces::explain::{is_narrated, note, relay};
use ch01_namespaces::link::Link;
use ch01_namespaces::{Failure, StoreFlags, own_binary};
use nix::errno::Errno;
use nix::sys::socket::sockopt::{ReceiveTimeout, SendTimeout};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect as connect_socket, setsockopt, socket};
use nix::sys::time::{TimeVal, TimeValLike};
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::protocol::{Reply, Request};
use crate::steps;

/// A shim that holds its container at the start gate, until [`Request::Start`] comes over the link.
pub struct Handle {
    link: Link,
    /// Held until it runs.
    lock: Option<File>,
}

/// Where a container's shim listens.
pub fn socket_path(state_root: &Path, id: &str) -> PathBuf {
    // A path of a socket holds 107 bytes (unix(7)): no more of the id than keeps it apart from others.
    state_root.join("shims").join(&id[..24])
}

// ANCHOR: start
/// Starts a shim. Returns when the container is ready at its start gate, or returns the shim's
/// error.
///
/// This function executes a new program and doesn't make the container itself, so its caller may
/// have threads (chapter 7's daemon does). The new process forks at once and ends, so the caller
/// needn't wait for the shim later.
pub fn start(flags: &StoreFlags, id: &str) -> Result<Handle> {
    let (link, theirs) = Link::pair()?;
    let mut role: Vec<OsString> = vec!["shim".into(), id.into()];
    if is_narrated() {
        role.push("--explain".into());
    }
    let mut command = Command::new(own_program()?);
    command
        .args(flags.as_args_with_roots())
        .args(&role)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| KEPT.iter().any(|kept| name.as_bytes() == kept.as_bytes())));
    note(&steps::START_SHIM, "execve", || {
        let program = command.get_program().to_string_lossy().into_owned();
        [program].into_iter().chain(role.iter().map(|arg| arg.to_string_lossy().into_owned())).collect()
    });
    let mut child = command.spawn().context("cannot start the container's shim")?;
    drop(command);
    let answer = answer(&link);
    let status = child.wait().context("cannot wait for the container's shim")?;
    match answer? {
        Some(Reply::Done) => Ok(Handle { link, lock: None }),
        Some(Reply::Failed(failure)) => Err(failure.into()),
        Some(other) => bail!("internal error: unexpected message from the container's shim: {other:?}"),
        None if !status.success() => bail!("the container's shim ended at once: {status}"),
        None => bail!("the container's shim died before the container was made"),
    }
}
// ANCHOR_END: start

/// A shim's answer; its steps on the way there are told.
fn answer(link: &Link) -> Result<Option<Reply>> {
    loop {
        match link.receive::<Reply>()?.map(|(reply, _)| reply) {
            Some(Reply::Step(step)) => {
                relay(&step);
                // Where nobody is left to hear it, that is the answer to the next question.
                let _ = link.send(&Request::Told, &[]);
            }
            reply => return Ok(reply),
        }
    }
}

/// What a shim needs of its starter's environment: to find programs, the user's own directories,
/// and a manager that delegates cgroups.
const KEPT: [&str; 8] = [
    "PATH",
    "HOME",
    "XDG_RUNTIME_DIR",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "TMPDIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "CORACLE_READY_CACHE",
];

/// Our own program, by the file that it was started from.
fn own_program() -> Result<PathBuf> {
    own_binary::path()
}

impl Handle {
    /// With a lock that is held until the container runs.
    pub fn holding(self, lock: Option<File>) -> Handle {
        Handle { lock, ..self }
    }

    /// Lets the container run; or why it didn't.
    pub fn open_gate(self) -> Result<()> {
        note(&steps::OPEN_GATE, "sendmsg", || vec!["START".into()]);
        let _ = self.link.send(&Request::Start, &[]);
        let opened = answer(&self.link).and_then(done);
        drop(self.lock);
        opened.map(drop)
    }
}

/// A shim that doesn't answer for this long stands still, or is stopped. The caller must not wait
/// for it any longer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to a container's shim.
pub fn connect(state_root: &Path, id: &str) -> Result<Link> {
    let path = socket_path(state_root, id);
    let socket = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None)
        .context("cannot make a socket")?;
    let address = UnixAddr::new(&path).with_context(|| format!("{} is too long for a socket", path.display()))?;
    // Connecting waits where many others wait already.
    setsockopt(&socket, SendTimeout, &TimeVal::seconds(PATIENCE.as_secs() as i64)).context("setsockopt")?;
    match connect_socket(socket.as_raw_fd(), &address) {
        Err(Errno::EAGAIN) => bail!(silent()),
        connected => connected.with_context(|| format!("container {} is not running", &id[..12]))?,
    }
    Ok(Link::over(socket))
}

/// The error then.
pub fn silent() -> Failure {
    let text = format!("{SILENT} for {} seconds", PATIENCE.as_secs());
    let cure = "cure: if somebody has stopped it, kill -CONT it; otherwise kill it, and start the container again";
    Failure { exit_code: 125, errno: None, chain: vec![text, cure.into()] }
}

const SILENT: &str = "the container's shim has not answered";

/// Whether an error says that a shim doesn't answer. (Others say that it is gone.)
pub fn is_silent(error: &anyhow::Error) -> bool {
    error.to_string().starts_with(SILENT)
}

/// Asks, and waits for the answer.
pub fn ask(state_root: &Path, id: &str, request: &Request, fds: Vec<OwnedFd>) -> Result<Reply> {
    ask_over(&connect(state_root, id)?, request, fds)
}

/// The same over a connection.
pub fn ask_over(link: &Link, request: &Request, fds: Vec<OwnedFd>) -> Result<Reply> {
    // An end may be far away.
    let is_long = matches!(request, Request::Wait | Request::ExecWait(_));
    let patience = if is_long { TimeVal::new(0, 0) } else { TimeVal::seconds(PATIENCE.as_secs() as i64) };
    setsockopt(link, ReceiveTimeout, &patience).context("setsockopt")?;
    link.send(request, &fds)?;
    drop(fds);
    let is_silent = |error: &anyhow::Error| error.downcast_ref::<Errno>() == Some(&Errno::EAGAIN);
    done(answer(link).map_err(|error| if is_silent(&error) { silent().into() } else { error })?)
}

fn done(reply: Option<Reply>) -> Result<Reply> {
    match reply {
        Some(Reply::Failed(failure)) => Err(failure.into()),
        Some(reply) => Ok(reply),
        None => bail!("the container's shim has ended"),
    }
}
