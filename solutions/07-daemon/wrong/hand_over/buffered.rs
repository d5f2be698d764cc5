//! diagnosis: lost-early
//! made by: whoever reads a head by lines. Go's Hijack() returns the buffer for this reason.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, ensure};

pub fn hand_over(mut client: UnixStream, shim: &UnixStream) -> Result<()> {
    let mut lines = BufReader::new(client.try_clone().context("dup")?);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        let length = lines.read_line(&mut line).context("reading the head of a request")?;
        ensure!(length > 0, "the client has gone within the head of its request");
    }
    client.write_all(given::SWITCHING_PROTOCOLS).context("answering 101")?;
    given::pass_on(shim, &client, &[])
}
