//! The command's streams. QEMU never gets the caller's own: it would make a terminal's non-blocking
//! for everybody, and cut a file off that output is redirected to.

use std::io::{ErrorKind, Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::run::Manner;

/// What a command wrote, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The command's exit status.
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// News of a stream that the machine writes.
#[derive(Debug)]
pub(crate) enum News {
    /// At its end: no process of the machine's holds it any more.
    Ended(Which, Vec<u8>),
    /// Nobody reads what we pass on.
    NobodyReads,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Stdout,
    Stderr,
}

/// Starts a thread for each stream; how many news of an end are to come, too.
pub(crate) fn connect(child: &mut Child, manner: Manner) -> (Receiver<News>, usize) {
    let (sender, news) = channel();
    if let Some(mut to_guest) = child.stdin.take() {
        // Nobody waits for this one: it may read for ever. It closes the pipe at the end of our stdin.
        thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut to_guest);
        });
    }
    let mut open = 0;
    if let Some(stdout) = child.stdout.take() {
        open += 1;
        let passed = (manner == Manner::Passed).then(std::io::stdout);
        spawn(stdout, passed, Which::Stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        open += 1;
        let passed = (manner == Manner::Passed).then(std::io::stderr);
        spawn(stderr, passed, Which::Stderr, sender);
    }
    (news, open)
}

fn spawn(
    from: impl Read + Send + 'static,
    to: Option<impl Write + Send + 'static>,
    which: Which,
    sender: Sender<News>,
) {
    thread::spawn(move || {
        let kept = pump(from, to);
        let _ = sender.send(match kept {
            Some(kept) => News::Ended(which, kept),
            None => News::NobodyReads,
        });
    });
}

/// What was read, where it isn't passed on; `None` when it can't be passed on.
fn pump(mut from: impl Read, mut to: Option<impl Write>) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let mut buffer = [0; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Some(kept),
            Ok(length) => match &mut to {
                None => kept.extend_from_slice(&buffer[..length]),
                Some(to) => to.write_all(&buffer[..length]).and_then(|()| to.flush()).ok()?,
            },
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Some(kept),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_not_passed_on_is_kept() {
        assert_eq!(pump(&b"abc"[..], None::<Closed>), Some(b"abc".to_vec()));
        let mut passed = Vec::new();
        assert_eq!(pump(&b"abc"[..], Some(&mut passed)), Some(Vec::new()));
        assert_eq!(passed, b"abc");
    }

    #[test]
    fn a_reader_that_has_gone_is_noticed() {
        assert_eq!(pump(&b"abc"[..], Some(Closed)), None);
    }
}
