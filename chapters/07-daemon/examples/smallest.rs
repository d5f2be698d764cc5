//! The whole idea in one file: a daemon that answers two requests, and gives the connection of a
//! third one to a command.
//!
//! `cargo run -p ch07-daemon --example smallest-daemon -- /tmp/d.sock`, then in another terminal
//! `curl --unix-socket /tmp/d.sock http://d/_ping`. Who may open the socket may run anything.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("usage: smallest-daemon SOCKET")?;
    let listener = UnixListener::bind(path).context("bind")?;
    for client in listener.incoming() {
        let client = client.context("accept")?;
        thread::spawn(move || serve(client).unwrap_or_else(|error| eprintln!("{error:#}")));
    }
    Ok(())
}

// ANCHOR: smallest
fn serve(mut client: UnixStream) -> Result<()> {
    // The head ends with an empty line. Reading single bytes ensures that nothing is read ahead.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).context("the client went away")?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head);
    match head.split(' ').take(2).collect::<Vec<_>>()[..] {
        ["GET", "/_ping"] => answer(client, "200 OK", "OK"),
        ["GET", "/version"] => answer(client, "200 OK", r#"{"ApiVersion":"1.48"}"#),
        ["POST", "/shell"] => shell(client),
        _ => answer(client, "404 Not Found", r#"{"message":"page not found"}"#),
    }
}

fn answer(mut client: UnixStream, status: &str, body: &str) -> Result<()> {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    Ok(client.write_all(text.as_bytes())?)
}

/// From now on, the connection carries the command's input, and its output in frames.
fn shell(mut client: UnixStream) -> Result<()> {
    client.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")?;
    let input = OwnedFd::from(client.try_clone()?);
    let mut child = Command::new("sh").stdin(input).stdout(Stdio::piped()).spawn().context("sh")?;
    let mut output = child.stdout.take().context("a pipe")?;
    let mut piece = [0; 4096];
    loop {
        let length = output.read(&mut piece)?;
        if length == 0 {
            break;
        }
        client.write_all(&[1, 0, 0, 0])?;
        client.write_all(&(length as u32).to_be_bytes())?;
        client.write_all(&piece[..length])?;
    }
    child.wait()?;
    Ok(())
}
// ANCHOR_END: smallest
