//! The program around an answer to exercise 7.3. `cargo wb check 7.3` builds it and runs it in the
//! lab. It is the client and the shim as well, each a thread.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use given::checked;
use nix::sys::socket::{MsgFlags, recv};

include!(concat!(env!("OUT_DIR"), "/hand_over.rs"));

/// What the container writes as soon as its shim has the connection.
const READY: &[u8] = b"ready\n";

fn main() {
    let inputs: Vec<String> = std::env::args().skip(1).collect();
    checked::answers(&inputs, |words| match *words {
        [asked, later, ref pieces @ ..] => {
            let pieces = pieces.iter().map(|piece| bytes(piece)).collect::<Result<Vec<_>>>()?;
            talk(asked, later.as_bytes(), pieces)
        }
        _ => bail!("arguments"),
    })
}

fn talk(asked: &str, later: &[u8], pieces: Vec<Vec<u8>>) -> Result<String> {
    let (mut client, server) = UnixStream::pair()?;
    let (ours, theirs) = UnixStream::pair()?;
    let has_returned = Arc::new(AtomicBool::new(false));
    let shim = thread::spawn(move || be_shim(&theirs));
    let (to_server, unread, is_over) = (client.try_clone()?, server.try_clone()?, Arc::clone(&has_returned));
    let leaves = asked == "gone";
    let sender = thread::spawn(move || send_pieces(to_server, &unread, &pieces, &is_over, leaves));

    let result = answers::hand_over::hand_over(server, &ours);

    has_returned.store(true, Ordering::Relaxed);
    drop(ours);
    let _ = sender.join();
    result?;
    // It fails if the connection is dead: then the shim reads less.
    let _ = client.write_all(later);
    let _ = client.shutdown(Shutdown::Write);
    let input = shim.join().ok().flatten();
    let (read, has_ended) = read_all(&mut client)?;
    let input = input.map_or("the shim gets nothing".to_string(), |input| {
        let input = input.escape_ascii();
        format!("the shim reads \"{input}\"")
    });
    Ok(match asked {
        "answer" => answer(&read),
        "input" => input,
        _ => format!("{input}; the client sees {}", if has_ended { "the end" } else { "no end" }),
    })
}

/// The client: each piece is sent when the one before was read.
fn send_pieces(mut to: UnixStream, unread: &UnixStream, pieces: &[Vec<u8>], is_over: &AtomicBool, leaves: bool) {
    for (number, piece) in pieces.iter().enumerate() {
        let is_empty = || recv(unread.as_raw_fd(), &mut [0], MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT).is_err();
        while number > 0 && !is_empty() && !is_over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
        let _ = to.write_all(piece);
    }
    if leaves {
        let _ = to.shutdown(Shutdown::Write);
    }
}

/// All that it reads, in order; `None` if it gets no connection.
fn be_shim(theirs: &UnixStream) -> Option<Vec<u8>> {
    let write_ready = |mut connection: &UnixStream| drop(connection.write_all(READY));
    let (mut connection, mut input) = checked::take_passed(theirs, write_ready).ok()?;
    let _ = connection.set_nonblocking(false);
    let _ = connection.read_to_end(&mut input);
    Some(input)
}

/// What has come for the client, and whether that is all there will ever be.
fn read_all(client: &mut UnixStream) -> Result<(Vec<u8>, bool)> {
    client.set_nonblocking(true)?;
    let mut read = Vec::new();
    match client.read_to_end(&mut read) {
        Ok(_) => Ok((read, true)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok((read, false)),
        // A connection that was closed before all was read.
        Err(_) => Ok((read, true)),
    }
}

fn answer(read: &[u8]) -> String {
    let text = String::from_utf8_lossy(read);
    let ready = String::from_utf8_lossy(READY);
    let head = text.split_once("\r\n\r\n").filter(|(head, _)| head.starts_with("HTTP/1.1 101"));
    match head {
        Some((_, rest)) => format!("101, then {rest:?}"),
        None if text.starts_with(&*ready) && text.contains("HTTP/1.1 101") => format!("{ready:?} before the answer"),
        None => format!("{text:?} and no answer"),
    }
}

/// From hexadecimal.
fn bytes(text: &str) -> Result<Vec<u8>> {
    (0..text.len() / 2).map(|at| Ok(u8::from_str_radix(&text[2 * at..2 * at + 2], 16)?)).collect()
}
