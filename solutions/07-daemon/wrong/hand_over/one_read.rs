//! diagnosis: one-read
//! made by: whoever tries it with a client on the same machine.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result};

pub fn hand_over(mut client: UnixStream, shim: &UnixStream) -> Result<()> {
    let mut piece = [0; 4096];
    let length = client.read(&mut piece).context("reading the head of a request")?;
    let received = &piece[..length];
    let end = received.windows(4).position(|four| four == b"\r\n\r\n");
    let head = end.context("that is no head")? + 4;
    client.write_all(given::SWITCHING_PROTOCOLS).context("answering 101")?;
    given::pass_on(shim, &client, &received[head..])
}
