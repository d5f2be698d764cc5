//! Exercise 7.3: pass a connection to the shim.
//!
//! The client sends a request to attach. After it, the connection carries the container's input and
//! output, and the shim needs it. Read the request, and pass the connection to the shim. Read about
//! SCM_RIGHTS in unix(7). Check with `cargo wb check 7.3`.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, ensure};

/// Reads the head of the request from `client`, up to the empty line ("\r\n\r\n"), answers 101, and
/// passes the connection to the shim. All bytes after the head are the container's input, also
/// bytes that were read together with the head.
///
/// Returns an error, and passes nothing to the shim, if the client closes the connection within the
/// head.
///
/// Use the answer `given::SWITCHING_PROTOCOLS`, and `given::pass_on(shim: &UnixStream, connection:
/// impl AsFd, early: &[u8]) -> Result<()>`. It sends the shim a descriptor of the connection, and
/// the bytes that you have already read from it.
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
    // todo!("where does the head end, and who needs the rest?")
    // wb:end
}
