//! A daemon of a store in the lab's own /tmp, looked at from outside.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use testkit::eventually;

use crate::http::{SOCKET, ask, json as request, status};

/// The program.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ch07-daemon"));
    command.args(["--root", "/tmp/store"]).args(args).env("XDG_CACHE_HOME", "/tmp/cache").stdin(Stdio::null());
    command
}

/// The verb that starts a daemon at a socket.
pub fn daemon_at(socket: &str) -> Command {
    program(&["daemon", "-H", &format!("unix://{socket}")])
}

/// A daemon, which ends with this value.
pub struct Daemon(Child);

impl Daemon {
    pub fn start() -> Result<Daemon> {
        let log = File::options().create(true).append(true).open("/tmp/daemon.log")?;
        let mut daemon = Daemon(daemon_at(SOCKET).stdout(Stdio::null()).stderr(log).spawn()?);
        eventually("the daemon answers", || {
            if let Some(status) = daemon.0.try_wait()? {
                bail!("the daemon ended: {status}\n{}", fs::read_to_string("/tmp/daemon.log")?);
            }
            Ok(is_up())
        })?;
        Ok(daemon)
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// What it has open: sockets, pipes, files.
    pub fn descriptors(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.pid()))?.count())
    }

    /// The most memory that it ever had, in kB.
    pub fn peak_memory(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    /// Memory of its own that it has now, in kB.
    pub fn memory(&self) -> Result<u64> {
        self.status("RssAnon:")
    }

    fn status(&self, key: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(key)).with_context(|| format!("no {key}"))?;
        Ok(line.trim_end_matches("kB").trim().parse()?)
    }

    /// Waits until it has no more open than it had.
    pub fn is_back_to(&self, before: usize) -> Result<()> {
        eventually("the daemon's descriptors are as many as before", || Ok(self.descriptors()? <= before))
            .with_context(|| format!("{} before, {} now", before, self.descriptors().unwrap_or_default()))
    }

    /// kill -9.
    pub fn kill(mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn is_up() -> bool {
    ask("GET /_ping", &[]).is_ok_and(|answer| answer.contains("200 OK"))
}

/// Makes a container of `hostbox` and gives its id.
pub fn create(name: &str, script: &str, more: Value) -> Result<String> {
    let mut body = json!({"Image": "hostbox", "Cmd": ["sh", "-c", script], "HostConfig": {"NetworkMode": "none"}});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let made = request(&format!("POST /v1.43/containers/create?name={name}"), &body, 201)?;
    Ok(made["Id"].as_str().context("no id")?.to_string())
}

/// Does something to a container, which must succeed.
pub fn act(method: &str, path: &str) -> Result<()> {
    let answer = ask(&format!("{method} /v1.43/containers/{path}"), &[])?;
    ensure!(status(&answer)? < 300, "{method} {path}: {answer}");
    Ok(())
}

/// Makes a container and starts it.
pub fn run(name: &str, script: &str, more: Value) -> Result<String> {
    let id = create(name, script, more)?;
    act("POST", &format!("{id}/start"))?;
    Ok(id)
}

/// A container as `inspect` shows it.
pub fn inspect(name: &str) -> Result<Value> {
    request(&format!("GET /v1.43/containers/{name}/json"), &Value::Null, 200)
}

/// The status of a container that ends: waits for that.
pub fn wait(name: &str) -> Result<u64> {
    let answer = ask(&format!("POST /v1.43/containers/{name}/wait"), &[])?;
    // The body comes in chunks.
    let code = answer.split_once("\"StatusCode\":").with_context(|| answer.clone())?.1;
    Ok(code.chars().take_while(char::is_ascii_digit).collect::<String>().parse()?)
}
