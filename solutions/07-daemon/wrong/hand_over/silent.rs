//! diagnosis: no-answer
//! made by: whoever thinks that the bytes are all that matters.

use std::io::Read;
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, ensure};

pub fn hand_over(mut client: UnixStream, shim: &UnixStream) -> Result<()> {
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
    let _ = given::SWITCHING_PROTOCOLS;
    given::pass_on(shim, &client, &received[head..])
}
