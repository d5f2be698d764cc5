//! The host name in another process's UTS namespace: uts_namespaces(7), setns(2).

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};

use super::{fields, namespaces_differ};
use crate::sys;

/// `argv[0]` of the process that goes and looks.
pub(crate) const HOSTNAME_READER: &str = "coracle-lab-hostname";

/// The host name as that process sees it, whatever it says itself. /proc doesn't show it, so that a
/// fresh process joins its UTS namespace (and, as an ordinary user, its user namespace first, which
/// a threaded process can't).
///
/// As with [`Lab::command`](crate::Lab::command), `main` must begin with
/// [`enter_if_asked`](crate::enter_if_asked).
pub fn hostname_in(pid: i32) -> Result<String> {
    let mut reader = Command::new("/proc/self/exe");
    reader.arg0(HOSTNAME_READER).arg(pid.to_string()).stdin(Stdio::null());
    let said = reader.output().context("start the process that reads the host name")?;
    if !said.status.success() {
        bail!("read the host name of process {pid}: {}", String::from_utf8_lossy(&said.stderr).trim());
    }
    String::from_utf8(said.stdout).context("a host name that isn't UTF-8")
}

/// The fresh process: joins, prints, ends.
pub(crate) fn read_and_exit(arguments: Vec<OsString>) -> ! {
    let pid = arguments.first().and_then(|pid| pid.to_str()?.parse().ok());
    let code = match pid.context("a process number").and_then(join_and_read) {
        Ok(name) => {
            print!("{name}");
            // exit_now flushes nothing.
            let _ = std::io::Write::flush(&mut std::io::stdout());
            0
        }
        Err(error) => {
            eprintln!("{error:#}");
            1
        }
    };
    sys::exit_now(code)
}

fn join_and_read(pid: i32) -> Result<String> {
    let own = std::process::id() as i32;
    if namespaces_differ(own, pid, "uts")? {
        let open = |kind: &str| {
            let path = fields::path_of(pid, "ns").join(kind);
            File::open(&path).with_context(|| format!("open {}", path.display()))
        };
        // Both before joining: afterwards we are somebody else.
        let (user, uts) = (open("user")?, open("uts")?);
        let join_uts = || setns(uts.as_fd(), CloneFlags::CLONE_NEWUTS);
        match join_uts() {
            Err(Errno::EPERM) if namespaces_differ(own, pid, "user")? => {
                setns(user.as_fd(), CloneFlags::CLONE_NEWUSER).context("setns(CLONE_NEWUSER)")?;
                join_uts()
            }
            result => result,
        }
        .context("setns(CLONE_NEWUTS)")?;
    }
    let name = nix::unistd::gethostname().context("gethostname")?;
    ensure!(!name.is_empty(), "the host name is empty");
    Ok(name.to_string_lossy().into_owned())
}
