use std::io::{IoSliceMut, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result};
use nix::sys::socket::sockopt::PassCred;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixCredentials, recvmsg, setsockopt};
use nix::unistd::Pid;

/// How a process learns which one its command is, if that isn't its child. It is made before the
/// fork.
#[derive(Debug)]
pub struct Introduction {
    asks: Option<UnixStream>,
    says: UnixStream,
}

impl Introduction {
    pub fn new() -> Result<Introduction> {
        let (asks, says) = UnixStream::pair().context("a pair of sockets, for the command's number")?;
        setsockopt(&asks, PassCred, &true).context("setsockopt(SO_PASSCRED)")?;
        Ok(Introduction { asks: Some(asks), says })
    }

    /// In the child, which then notices the end of its parent.
    pub fn inside(self) -> Introduction {
        Introduction { asks: None, ..self }
    }

    /// In the process that becomes the command: says which process this is, and waits until it has
    /// been heard.
    pub fn introduce(&self) -> Result<()> {
        (&self.says).write_all(b"!").context("saying which process the command is")?;
        (&self.says).read_exact(&mut [0]).context("waiting until it is known which process the command is")
    }

    /// The command, as numbered here, and a pidfd of it; or nothing if there comes none.
    pub fn command(self) -> Result<Option<(Pid, OwnedFd)>> {
        drop(self.says);
        let asks = self.asks.context("it is the child that introduces itself")?;
        let (mut byte, mut space) = ([0], nix::cmsg_space!(UnixCredentials));
        let mut buffers = [IoSliceMut::new(&mut byte)];
        let message = recvmsg::<()>(asks.as_raw_fd(), &mut buffers, Some(&mut space), MsgFlags::empty())
            .context("waiting for the command")?;
        // The kernel says it, in the numbers of our PID namespace.
        let said = message.cmsgs().context("the command's number")?.find_map(|control| match control {
            ControlMessageOwned::ScmCredentials(whose) if message.bytes == 1 => Some(Pid::from_raw(whose.pid())),
            _ => None,
        });
        let Some(command) = said else { return Ok(None) };
        // It waits, so the number is still its own.
        let process = crate::pidfd(command)?;
        (&asks).write_all(b"!").context("letting the command go on")?;
        Ok(Some((command, process)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_introduces_itself_is_known_by_its_number() {
        let introduction = Introduction::new().unwrap();
        let says = introduction.says.try_clone().unwrap();
        let other = std::thread::spawn(move || Introduction { asks: None, says }.introduce());
        let (pid, _) = introduction.command().unwrap().unwrap();
        assert_eq!(pid, nix::unistd::getpid());
        other.join().unwrap().unwrap();
    }

    #[test]
    fn there_is_no_command_when_all_others_have_ended() {
        assert!(Introduction::new().unwrap().command().unwrap().is_none());
    }
}
