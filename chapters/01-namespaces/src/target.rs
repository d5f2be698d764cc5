//! Whose namespaces: a process, a container, or a file.

use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use crate::failure::Failure;
use crate::namespaces::{Namespace, Namespaces};
use crate::store::Store;
use crate::sys;

/// A process that somebody named, held by a pidfd: however long we look at it, it stays that
/// process or is gone.
#[derive(Debug)]
pub struct Target {
    /// As the host counts.
    pub pid: Pid,
    pidfd: OwnedFd,
}

impl Target {
    /// What `text` names: a number is a process, anything else a container in the store. (A container
    /// whose name is a number can be named by its id.)
    pub fn named(text: &str, store: impl FnOnce() -> Result<Store>) -> Result<Target> {
        match text.parse() {
            Ok(pid) => Target::process(pid),
            Err(_) => {
                let (_, state) = store()?.find(text)?;
                if !state.is_alive() {
                    bail!(Failure::new(
                        1,
                        format!("container {text} is not running: it has no process and so no namespaces")
                    ));
                }
                Target::process(state.pid)
            }
        }
    }

    /// A process by its id.
    pub fn process(pid: i32) -> Result<Target> {
        let pid = Pid::from_raw(pid);
        match sys::pidfd_open(pid) {
            Ok(pidfd) => Ok(Target { pid, pidfd }),
            Err(Errno::ESRCH | Errno::EINVAL) => bail!(Failure::new(1, format!("there is no process {pid}"))),
            Err(errno) => Err(errno).with_context(|| format!("pidfd_open: cannot take hold of process {pid}")),
        }
    }

    /// Whether it ends while this waits: a pidfd can be read when its process has ended
    /// (pidfd_open(2)).
    pub fn ends_within(&self, time: PollTimeout) -> bool {
        poll(&mut [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)], time).is_ok_and(|ready| ready > 0)
    }

    /// This process.
    pub fn myself() -> Result<Target> {
        Target::process(Pid::this().as_raw())
    }

    /// The file of one of its namespaces, opened.
    pub fn namespace(&self, kind: Namespace) -> Result<File> {
        let path = format!("/proc/{}/ns/{}", self.pid, kind.proc_name());
        File::open(&path).with_context(|| {
            format!("cannot open {path}\ncause: the process is another user's, or it is gone\ncure: see ps, or look as that user")
        })
    }

    /// The identity of one of its namespaces: the inode number of its file.
    pub fn inode(&self, kind: Namespace) -> Result<u64> {
        let path = format!("/proc/{}/ns/{}", self.pid, kind.proc_name());
        let meta =
            fs::metadata(&path).with_context(|| format!("cannot look at {path}: not your process, or it is gone"))?;
        Ok(meta.ino())
    }

    /// The kinds of namespace in which it is apart from `other`.
    pub fn apart_from(&self, other: &Target) -> Result<Namespaces> {
        let kinds = Namespace::ALL.into_iter().map(|kind| Ok((kind, self.inode(kind)? != other.inode(kind)?)));
        let kinds = kinds.collect::<Result<Vec<_>>>()?;
        Ok(kinds.into_iter().filter(|(_, apart)| *apart).map(|(kind, _)| kind).collect())
    }

    /// Its pidfd, which setns(2) takes in place of a namespace's file.
    pub fn into_pidfd(self) -> OwnedFd {
        self.pidfd
    }

    /// See [`Target::into_pidfd`].
    pub fn pidfd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// One namespace to join: `--join net=1234`, `--join net=web`, `--join net=/run/netns/blue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    kind: Namespace,
    whose: String,
}

impl std::str::FromStr for JoinRequest {
    type Err = String;

    fn from_str(text: &str) -> Result<JoinRequest, String> {
        let (kind, whose) = text
            .split_once('=')
            .filter(|(_, whose)| !whose.is_empty())
            .ok_or_else(|| format!("{text:?} says not what to join: write KIND=PID, KIND=CONTAINER or KIND=/PATH"))?;
        Ok(JoinRequest { kind: kind.parse()?, whose: whose.into() })
    }
}

impl JoinRequest {
    /// Which kind of namespace.
    pub fn kind(&self) -> Namespace {
        self.kind
    }

    /// Opens what is to be joined.
    pub fn open(&self, store: impl FnOnce() -> Result<Store>) -> Result<OwnedFd> {
        if self.whose.contains('/') {
            let path = Path::new(&self.whose);
            let file =
                File::open(path).with_context(|| format!("cannot open the namespace file {}", path.display()))?;
            match sys::kind_of_namespace(file.as_fd()).map(Namespace::of_flag) {
                Ok(Some(kind)) if kind == self.kind => return Ok(file.into()),
                Ok(Some(other)) => bail!("{} is a {other} namespace, not a {} namespace", path.display(), self.kind),
                _ => {
                    bail!("{} is not a namespace: it must be a file of /proc/PID/ns, or a mount of one", path.display())
                }
            }
        }
        Ok(Target::named(&self.whose, store)?.into_pidfd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_a_kind_and_an_owner() {
        let request: JoinRequest = "net=/run/netns/blue".parse().unwrap();
        assert_eq!(request, JoinRequest { kind: Namespace::Net, whose: "/run/netns/blue".into() });
        assert!("net".parse::<JoinRequest>().is_err());
        assert!("nets=1".parse::<JoinRequest>().unwrap_err().contains("choose from"));
    }

    #[test]
    fn a_process_that_is_not_there_is_named() {
        // The kernel's own upper limit for process ids is 2^22.
        let error = Target::process(1 << 30).unwrap_err();
        assert_eq!(error.to_string(), "there is no process 1073741824");
    }

    #[test]
    fn a_process_is_not_apart_from_itself() {
        let (me, again) = (Target::myself().unwrap(), Target::myself().unwrap());
        assert_eq!(me.apart_from(&again).unwrap(), Namespaces::none());
    }
}
