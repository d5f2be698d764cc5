use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use std::os::fd::AsRawFd;

/// What the checker heard from a program: a signal to look, no evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// What is given is done; the answer is called after [`crate::Running::go_on`].
    Ready,
    /// The answer returned `Ok`.
    Ok,
    /// The answer returned `Ok` with this number.
    Number(i32),
    /// The answer was called several times, and returned these.
    Values(Vec<Value>),
    /// The answer returned an error: what it says, outermost first.
    Error(Vec<String>),
    /// A given step failed, and the answer was never called.
    Blocked(String),
    /// The program has ended: exit status, or 128 + N for signal N.
    Ended(i32),
    /// Nothing came within the time limit.
    Silence(Duration),
}

/// What one of several calls returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Ok(String),
    /// An error, outermost first.
    Error(Vec<String>),
    Panicked,
}

impl Value {
    pub fn in_words(&self) -> String {
        match self {
            Value::Ok(text) => text.clone(),
            Value::Error(chain) => format!("an error: {}", chain.join(": ")),
            Value::Panicked => "the function panicked".into(),
        }
    }

    fn parse(field: &str) -> Option<Value> {
        match field.split_once(' ').unwrap_or((field, "")) {
            ("ok", text) => Some(Value::Ok(text.into())),
            ("error", chain) => Some(Value::Error(chain.split('\u{1e}').map(ToString::to_string).collect())),
            ("panicked", _) => Some(Value::Panicked),
            _ => None,
        }
    }
}

impl Reply {
    /// What was seen, and what the function returned where that isn't Ok. Of a program that has
    /// ended only the latter is known.
    pub fn beside(&self, alive: bool, observed: String) -> String {
        match (self, alive) {
            (Reply::Ok, true) => observed,
            (Reply::Silence(_), _) | (_, false) => self.in_words(),
            (_, true) => format!("{observed}; {}", self.in_words()),
        }
    }

    /// In words, for "observed".
    pub fn in_words(&self) -> String {
        match self {
            Reply::Ready => "the function was never called".into(),
            Reply::Ok => "the function returned Ok".into(),
            Reply::Number(number) => format!("the function returned {number}"),
            Reply::Values(values) => format!("the function returned {} times", values.len()),
            Reply::Error(chain) => format!("the function returned an error: {}", chain.join(": ")),
            Reply::Blocked(why) => format!("a given step failed: {why}"),
            Reply::Ended(101) => "the function panicked".into(),
            Reply::Ended(code @ 129..=192) => format!("the program was killed by signal {}", code - 128),
            Reply::Ended(code) => format!("the program ended with exit code {code} before the function returned"),
            Reply::Silence(limit) => format!("the function had not returned after {} s", limit.as_secs()),
        }
    }

    /// Whether it is an error with nothing but what the kernel said, as nix words it (`EINVAL:
    /// Invalid argument`) or std.
    pub fn is_bare_error(&self) -> bool {
        let Reply::Error(chain) = self else { return false };
        let is_errno =
            |word: &str| word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let bare = |only: &String| {
            only.contains("os error") || only.split_once(": ").is_some_and(|(first, _)| is_errno(first))
        };
        chain.len() < 2 && chain.first().is_none_or(bare)
    }

    /// Whether it is an error in which the kernel said this, as nix words it or std.
    pub fn has_errno(&self, errno: Errno) -> bool {
        let Reply::Error(chain) = self else { return false };
        let (nix, std) = (format!("{errno:?}: "), format!("(os error {})", errno as i32));
        chain.iter().any(|word| word.contains(&nix) || word.contains(&std))
    }

    fn parse(packet: &[u8]) -> Option<Reply> {
        let text = String::from_utf8_lossy(packet);
        let mut fields = text.split('\0').map(ToString::to_string);
        match fields.next()?.as_str() {
            "ready" => Some(Reply::Ready),
            "ok" => Some(Reply::Ok),
            "number" => Some(Reply::Number(fields.next()?.parse().ok()?)),
            "values" => Some(Reply::Values(fields.map(|field| Value::parse(&field)).collect::<Option<_>>()?)),
            "error" => Some(Reply::Error(fields.collect())),
            "blocked" => Some(Reply::Blocked(fields.collect())),
            _ => None,
        }
    }
}

/// The checker's end of the socket that is a program's stdin.
#[derive(Debug)]
pub struct Conversation(OwnedFd);

impl Conversation {
    /// The checker's end, and the program's.
    pub fn start() -> Result<(Conversation, OwnedFd)> {
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
            .context("socketpair for the program's stdin")?;
        Ok((Conversation(ours), theirs))
    }

    /// The next thing the program says. `None` when nothing came before `deadline`, or nobody is
    /// there to say it.
    pub fn hear(&self, deadline: Instant) -> Option<Reply> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let patience = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)], patience) {
                Err(Errno::EINTR) => continue,
                Ok(1..) => {}
                _ => return None,
            }
            let mut packet = vec![0; 64 * 1024];
            match recv(self.0.as_raw_fd(), &mut packet, MsgFlags::MSG_DONTWAIT) {
                Ok(0) | Err(_) => return None,
                // What is no message of ours (an answer may write to its stdin) is passed over.
                Ok(length) => match Reply::parse(&packet[..length]) {
                    Some(reply) => return Some(reply),
                    None => continue,
                },
            }
        }
    }

    pub fn go_on(&self) {
        // A program that is gone is noticed by whoever listens next.
        let _ = send(self.0.as_raw_fd(), b"go on", MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_understood_and_noise_is_passed_over() {
        assert_eq!(Reply::parse(b"ready"), Some(Reply::Ready));
        assert_eq!(Reply::parse(b"ok"), Some(Reply::Ok));
        assert_eq!(Reply::parse(b"error\0outer\0inner"), Some(Reply::Error(vec!["outer".into(), "inner".into()])));
        assert_eq!(Reply::parse(b"blocked\0why"), Some(Reply::Blocked("why".into())));
        assert_eq!(Reply::parse(b"number\0-1"), Some(Reply::Number(-1)));
        assert_eq!(Reply::parse(b"number\0many"), None);
        assert_eq!(Reply::parse(b"all checks passed"), None);
        assert_eq!(Reply::parse(b""), None);
    }

    #[test]
    fn a_bare_error_is_the_errno_and_nothing_else() {
        let error = |chain: &[&str]| Reply::Error(chain.iter().map(ToString::to_string).collect());
        assert!(error(&["EINVAL: Invalid argument"]).is_bare_error());
        assert!(error(&["Operation not permitted (os error 1)"]).is_bare_error());
        assert!(error(&[]).is_bare_error());
        assert!(!error(&["sethostname", "EINVAL: Invalid argument"]).is_bare_error());
        assert!(!error(&["a hostname has 64 bytes at most"]).is_bare_error());
        assert!(!error(&["sethostname: EINVAL"]).is_bare_error());
        assert!(!Reply::Ok.is_bare_error());
    }

    #[test]
    fn what_the_kernel_said_is_found_wherever_it_is_in_an_error() {
        let error = |chain: &[&str]| Reply::Error(chain.iter().map(ToString::to_string).collect());
        assert!(error(&["writing", "Permission denied (os error 13)"]).has_errno(Errno::EACCES));
        assert!(error(&["not in it: EINVAL: Invalid argument"]).has_errno(Errno::EINVAL));
        assert!(!error(&["writing", "No such file or directory (os error 2)"]).has_errno(Errno::EINTR));
        assert!(!error(&["writing", "Permission denied (os error 13)"]).has_errno(Errno::EPERM));
        assert!(!Reply::Ok.has_errno(Errno::EACCES));
    }

    #[test]
    fn nobody_at_the_other_end_is_noticed_at_once() {
        let (ours, theirs) = Conversation::start().expect("a socket pair");
        drop(theirs);
        let asked = Instant::now();
        assert_eq!(ours.hear(asked + Duration::from_secs(60)), None);
        assert!(asked.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_silent_program_is_given_up() {
        let (ours, _theirs) = Conversation::start().expect("a socket pair");
        assert_eq!(ours.hear(Instant::now() + Duration::from_millis(20)), None);
    }
}
