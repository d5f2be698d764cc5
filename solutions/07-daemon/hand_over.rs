//! Exercise 7.3: a connection that stops being HTTP.
//!
//! The client asks to attach. From then on, the connection is the container's input and output, and
//! belongs to its shim. Take the request off it, and hand it over. Read unix(7), SCM_RIGHTS; check
//! with `cargo wb check 7.3`.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, ensure};

/// Reads the head of the request from `client`, up to the empty line ("\r\n\r\n"); answers 101;
/// and gives the connection to the shim. All that the client sends behind the head is the
/// container's input, also what was read with the head.
///
/// Fails, and gives nothing away, if the client ends before its head does.
///
/// Given are the answer, `given::SWITCHING_PROTOCOLS`, and `given::pass_on(shim: &UnixStream,
/// connection: impl AsFd, early: &[u8]) -> Result<()>`: it gives the shim a descriptor of the
/// connection, and the bytes that come before those in it.
pub fn hand_over(client: UnixStream, shim: &UnixStream) -> Result<()> {
    // wb:answer
    let mut client = client;
    let mut received = Vec::new();
    let head = loop {
        if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        let mut piece = [0; 4096];
        let length = client.read(&mut piece).context("reading the head of a request")?;
        ensure!(length > 0, "the client has gone within the head of its request");
        received.extend_from_slice(&piece[..length]);
    };
    client.write_all(given::SWITCHING_PROTOCOLS).context("answering 101")?;
    given::pass_on(shim, &client, &received[head..])
    // wb:starter
    // todo!("where does the head end, and whose is the rest?")
    // wb:end
}
