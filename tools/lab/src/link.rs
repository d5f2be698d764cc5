//! The line between the outer stage and the lab's PID 1: one message a packet.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use anyhow::{Context, Result};
use doctor::Step;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// PID 1 to outer stage: the lab isn't complete, with the step and its reason.
    Refused { why: String, at: Option<(Step, i32)> },
    /// PID 1 to outer stage: Ctrl-Z, the program has stopped.
    Stopped,
    /// Outer stage to PID 1: let the program go on, with the terminal if the shell gave it to us.
    GoOn { in_foreground: bool },
    /// Outer stage to PID 1: pass this signal on to the program.
    Signal(i32),
}

impl Message {
    /// `refused STEP ERRNO` (or `- -`) and after a newline why; `stopped`; `go-on true`; `signal 15`.
    fn text(&self) -> String {
        match self {
            Message::Refused { why, at: Some((step, errno)) } => format!("refused {} {errno}\n{why}", step.id()),
            Message::Refused { why, at: None } => format!("refused - -\n{why}"),
            Message::Stopped => "stopped".into(),
            Message::GoOn { in_foreground } => format!("go-on {in_foreground}"),
            Message::Signal(signal) => format!("signal {signal}"),
        }
    }

    fn from_text(text: &str) -> Option<Message> {
        let (head, rest) = text.split_once('\n').unwrap_or((text, ""));
        Some(match head.split(' ').collect::<Vec<_>>()[..] {
            ["refused", "-", "-"] => Message::Refused { why: rest.into(), at: None },
            ["refused", step, errno] => {
                Message::Refused { why: rest.into(), at: Some((Step::from_id(step)?, errno.parse().ok()?)) }
            }
            ["stopped"] => Message::Stopped,
            ["go-on", in_foreground] => Message::GoOn { in_foreground: in_foreground.parse().ok()? },
            ["signal", signal] => Message::Signal(signal.parse().ok()?),
            _ => return None,
        })
    }
}

/// One end of the line; the other end's death closes it.
pub(crate) struct Link(OwnedFd);

impl Link {
    pub fn pair() -> Result<(Link, Link)> {
        let (a, b) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
            .context("socketpair(SOCK_SEQPACKET)")?;
        Ok((Link(a), Link(b)))
    }

    /// A message to the dead is no error: their death is noticed elsewhere.
    pub fn send(&self, message: &Message) {
        let _ = send(self.0.as_raw_fd(), message.text().as_bytes(), MsgFlags::MSG_NOSIGNAL);
    }

    /// The next message; `None` when the other end is closed.
    pub fn hear(&self) -> Option<Message> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(0) => return None,
                Ok(length) => return Message::from_text(str::from_utf8(&buffer[..length]).ok()?),
                Err(Errno::EINTR) => {}
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_as_it_was_and_the_dead_hear_nothing() {
        let messages = [
            Message::Refused { why: "mount\nü - -".into(), at: Some((Step::UidMap, libc::EPERM)) },
            Message::Refused { why: String::new(), at: None },
            Message::Stopped,
            Message::GoOn { in_foreground: true },
            Message::GoOn { in_foreground: false },
            Message::Signal(libc::SIGTERM),
        ];
        let (here, there) = Link::pair().expect("a pair");
        for message in &messages {
            here.send(message);
            assert_eq!(there.hear().as_ref(), Some(message));
        }
        drop(there);
        here.send(&Message::Stopped);
        assert_eq!(here.hear(), None);
    }
}
