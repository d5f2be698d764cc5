//! HTTP as bytes: the tests say what no library would.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::patiently;

pub const SOCKET: &str = "/tmp/docker.sock";

/// A connection; reading from it fails after a while, so that a case says where it hangs.
pub fn connect() -> Result<UnixStream> {
    let stream = UnixStream::connect(SOCKET).context("connect")?;
    stream.set_read_timeout(Some(patiently(Duration::from_secs(20))))?;
    stream.set_write_timeout(Some(patiently(Duration::from_secs(20))))?;
    Ok(stream)
}

/// Bytes, and everything that comes until the daemon closes the connection.
pub fn send(bytes: &[u8]) -> Result<String> {
    let mut stream = connect()?;
    // It may have refused and closed before it has everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => {
            Err(error).with_context(|| format!("after {:?}", String::from_utf8_lossy(&answer)))
        }
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

/// A request and its whole answer.
pub fn ask(request: &str, body: &[u8]) -> Result<String> {
    let head = format!("{request} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    send(&[head.as_bytes(), body].concat())
}

/// The answer's status.
pub fn status(answer: &str) -> Result<u16> {
    let word = answer.split(' ').nth(1).with_context(|| format!("no status in {answer:?}"))?;
    word.parse().with_context(|| format!("no status in {answer:?}"))
}

/// The JSON of an answer that must have this status.
pub fn json(request: &str, body: &Value, expected: u16) -> Result<Value> {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let answer = ask(request, &body)?;
    ensure!(status(&answer)? == expected, "{request}: {answer}");
    let (_, text) = answer.split_once("\r\n\r\n").with_context(|| format!("no body: {answer}"))?;
    if text.is_empty() { Ok(Value::Null) } else { serde_json::from_str(text).with_context(|| text.to_string()) }
}

/// Reads the head of an answer, and leaves what follows.
pub fn head(stream: &mut UnixStream) -> Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        ensure!(stream.read(&mut byte)? == 1, "the connection ended: {:?}", String::from_utf8_lossy(&head));
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A connection on which a request was sent: its answer comes bit by bit.
pub fn opened(request: &str) -> Result<UnixStream> {
    let mut stream = connect()?;
    stream.write_all(format!("{request} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n").as_bytes())?;
    Ok(stream)
}

/// A connection that has become a container's streams.
pub fn upgraded(path: &str, body: &Value) -> Result<UnixStream> {
    let mut stream = connect()?;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let head = head(&mut stream)?;
    ensure!(status(&head)? == 101, "{head}");
    Ok(stream)
}

/// The next frame of a stream: which one, and its bytes. `None` at its end.
pub fn frame(stream: &mut UnixStream) -> Result<Option<(u8, Vec<u8>)>> {
    let mut head = [0; 8];
    let mut got = 0;
    while got < head.len() {
        match stream.read(&mut head[got..])? {
            0 if got == 0 => return Ok(None),
            0 => anyhow::bail!("the stream ended within a frame"),
            length => got += length,
        }
    }
    ensure!(head[0] <= 2 && head[1..4] == [0, 0, 0], "no frame: {head:?}");
    let mut bytes = vec![0; u32::from_be_bytes(head[4..].try_into()?) as usize];
    stream.read_exact(&mut bytes)?;
    Ok(Some((head[0], bytes)))
}

/// All bytes of stdout until the stream ends.
pub fn stdout_to_the_end(stream: &mut UnixStream) -> Result<String> {
    let mut all = Vec::new();
    while let Some((number, bytes)) = frame(stream)? {
        if number == 1 {
            all.extend(bytes);
        }
    }
    Ok(String::from_utf8(all)?)
}
