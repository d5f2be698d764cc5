//! As much HTTP as it takes to read from a registry on this machine.

use std::io::Write;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// How long a server may say nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// More than any server's head has.
const LONGEST_HEAD: u64 = 64 << 10;

/// What a server has answered.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    /// What comes behind the head, up to the end of the connection.
    pub body: BufReader<TcpStream>,
}

impl Response {
    /// A header's value; upper and lower case of its name are the same.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Asks a server for `path`, by GET. `host` is what its user calls it, `accept` which types of
/// content may come. The answer may well be an error: look at the status.
///
/// It is HTTP 1.0, on a connection of its own: the body ends where the connection does, and never
/// comes in chunks. There is no TLS, so it is for this machine's own servers.
pub fn http_get(server: SocketAddr, host: &str, path: &str, accept: &str) -> Result<Response> {
    ensure!(server.ip().is_loopback(), "{host} is not on this machine, and this client has no TLS");
    ensure!(!path.contains([' ', '\r', '\n']) && !host.contains([' ', '\r', '\n']), "{path:?} is no path");
    let mut stream =
        TcpStream::connect(server).with_context(|| format!("connecting to {host}: does it listen there?"))?;
    stream.set_read_timeout(Some(PATIENCE)).context("a limit on waiting")?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).with_context(|| format!("asking {host}"))?;
    let mut body = BufReader::new(stream);
    let (status, headers) = read_head(&mut body).with_context(|| format!("the answer of {host}"))?;
    Ok(Response { status, headers, body })
}

fn read_head(from: &mut impl BufRead) -> Result<(u16, Vec<(String, String)>)> {
    let mut lines = from.take(LONGEST_HEAD).lines();
    let mut next = || lines.next().context("it ends within its head")?.context("reading it");
    let first = next()?;
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
    let status = status.and_then(|status| status.parse().ok());
    let Some(status) = status else { bail!("{first:?} is no HTTP") };
    let mut headers = Vec::new();
    loop {
        let line = next()?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').with_context(|| format!("{line:?} is no header"))?;
        headers.push((name.to_string(), value.trim().to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_an_empty_line_and_the_body_is_untouched() {
        let mut answer = &b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nX: a:b\r\n\r\nthe body"[..];
        let (status, headers) = read_head(&mut answer).unwrap();
        assert_eq!((status, headers[1].1.as_str(), answer), (404, "a:b", &b"the body"[..]));
        assert_eq!(headers[0].0, "Content-Type");
    }

    #[test]
    fn what_is_no_http_or_ends_early_is_refused() {
        for wrong in ["SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n", "", "HTTP/1.1 200 OK\r\nx\r\n\r\n"] {
            assert!(read_head(&mut wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn other_machines_are_not_asked() {
        let refused = http_get("192.0.2.1:80".parse().unwrap(), "example.com", "/", "*/*");
        assert!(refused.unwrap_err().to_string().contains("not on this machine"));
    }
}
