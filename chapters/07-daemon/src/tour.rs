//! The tour: a daemon of its own, spoken to in HTTP.

use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ch01_namespaces::narration::{TourFlags, fitted};
use ch01_namespaces::{StoreFlags, say};

/// Shows it.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let narration = flags.begin();
    narration.title("Chapter 7: the daemon and its client")?;
    say!("The program docker doesn't start containers. It sends requests over a socket to");
    say!("a daemon. This tour starts a daemon and sends the same requests.");
    narration.pause()?;

    let directory = std::env::temp_dir().join(format!("coracle-tour-{}", std::process::id()));
    let daemon = Daemon::start(&directory, store)?;
    narration.title("docker version")?;
    daemon.show("GET", "/_ping", "")?;
    narration.pause()?;
    narration.title("docker run hostbox echo hello")?;
    say!("One command is several requests: create, start, wait, logs.");
    say!("");
    let id = daemon.show("POST", "/v1.43/containers/create", r#"{"Image":"hostbox","Cmd":["echo","hello"]}"#)?;
    let id = id.split('"').nth(3).and_then(|id| id.get(..12)).context("the daemon's answer has no id")?.to_string();
    daemon.show("POST", &format!("/v1.43/containers/{id}/start"), "")?;
    daemon.show("POST", &format!("/v1.43/containers/{id}/wait"), "")?;
    daemon.show("GET", &format!("/v1.43/containers/{id}/logs?stdout=1"), "")?;
    say!("The last response has frames: 8 bytes with stream and length before each piece.");
    say!("A line with only a number (11, E, 0) is a length, in hexadecimal: HTTP sends a");
    say!("body in such pieces if the length of the whole body isn't known.");
    daemon.ask("DELETE", &format!("/v1.43/containers/{id}?force=1"), "")?;
    narration.pause()?;

    narration.title("Your turn")?;
    say!("  cargo run -p ch07-daemon -- daemon -H unix:///tmp/coracle.sock");
    say!("  DOCKER_HOST=unix:///tmp/coracle.sock docker run --rm hostbox echo hello");
    say!("  cargo wb                                               the exercises");
    Ok(0)
}

/// It ends with this value, and its directory goes.
struct Daemon<'a> {
    child: Child,
    directory: &'a Path,
}

impl<'a> Daemon<'a> {
    fn start(directory: &'a Path, store: &StoreFlags) -> Result<Daemon<'a>> {
        std::fs::DirBuilder::new().mode(0o700).create(directory).context("cannot make a directory for the socket")?;
        let program = std::env::current_exe().context("cannot find our own program")?;
        let socket = directory.join("docker.sock");
        let mut command = Command::new(program);
        command.args(store.as_args_with_roots()).args(["daemon", "-H", &format!("unix://{}", socket.display())]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let daemon = Daemon { child: child.context("cannot start the daemon")?, directory };
        for _ in 0..200 {
            if daemon.ask("GET", "/_ping", "").is_ok() {
                return Ok(daemon);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!(
            "the daemon doesn't answer\ncure: end another one, if it serves the same data; or read what it says: daemon -H unix:///tmp/d.sock"
        )
    }

    /// The answer's first line and its body.
    fn ask(&self, method: &str, path: &str, body: &str) -> Result<(String, String)> {
        let mut stream = UnixStream::connect(self.directory.join("docker.sock"))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").context("the answer is not HTTP")?;
        Ok((head.lines().next().unwrap_or_default().into(), body.into()))
    }

    fn show(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let (status, answer) = self.ask(method, path, body)?;
        say!("  > {}", fitted(&format!("{method} {path}"), 74));
        if !body.is_empty() {
            say!("  > {}", fitted(body, 74));
        }
        say!("  < {status}");
        for line in answer.lines().filter(|line| !line.trim().is_empty()) {
            say!("  < {}", fitted(&visible(line), 74));
        }
        say!("");
        Ok(answer)
    }
}

/// A line with its unprintable bytes as `\x01`.
fn visible(line: &str) -> String {
    let shown = |c: char| if c.is_control() { format!("\\x{:02x}", u32::from(c)) } else { c.to_string() };
    line.chars().map(shown).collect()
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
        }
        let _ = self.child.wait();
        let _ = ch01_namespaces::remove_tree(self.directory);
    }
}
