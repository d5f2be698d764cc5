//! The program, containers, and servers in them.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail, ensure};
use testkit::{eventually, needs};

/// The user that the program runs as, in cases that are root and need an ordinary one.
pub static AS_USER: AtomicU32 = AtomicU32::new(0);

pub const STORE: &str = "/tmp/store";

/// The program with a store in the lab's own /tmp.
pub fn program(args: &[&str]) -> Command {
    let path = env!("CARGO_BIN_EXE_ch05-network");
    let mut command = match AS_USER.load(Ordering::Relaxed) {
        0 => Command::new(path),
        uid => {
            let mut command = Command::new("setpriv");
            let ids = [format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".into()];
            command.args(ids).arg(path).env("HOME", "/tmp");
            command
        }
    };
    command.args(["--root", STORE]).args(args).env("XDG_CACHE_HOME", "/tmp/cache").env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null());
    command
}

/// What it prints, when it must not fail.
pub fn succeeds(args: &[&str]) -> Result<String> {
    prints(&mut program(args))
}

/// What it says on stderr, when it must fail with this status.
pub fn refused(args: &[&str], status: i32) -> Result<String> {
    let output = program(args).output()?;
    ensure!(output.status.code() == Some(status), "{args:?}: {}", format_output(&output));
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What a command prints; it is an error when it fails.
pub fn prints(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("start {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", format_output(&output));
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().into())
}

/// For errors.
pub fn format_output(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\nstdout: {out}\nstderr: {err}", output.status)
}

/// A tool of the machine's, as typed.
pub fn sh(line: &str) -> Result<String> {
    prints(Command::new("sh").args(["-c", line]).stdin(Stdio::null()))
}

/// A container that runs, as the kernel knows it.
#[derive(Debug, Clone)]
pub struct Container {
    pub name: String,
    pub id: String,
    pub pid: i32,
}

impl Container {
    /// Makes and starts one that runs `script` in a shell.
    pub fn start(name: &str, flags: &[&str], script: &str) -> Result<Container> {
        let id = succeeds(&[&["create", "--name", name], flags, &["hostbox", "sh", "-c", script]].concat())?;
        succeeds(&["start", name])?;
        Ok(Container { name: name.into(), id, pid: pid_of(name)? })
    }

    /// One that only waits.
    pub fn idle(name: &str, flags: &[&str]) -> Result<Container> {
        Container::start(name, flags, "exec sleep 1000")
    }

    /// One with a web server on port 80: /hostname is its name, /cgi-bin/caller the address of the
    /// caller.
    pub fn serving(name: &str, flags: &[&str]) -> Result<Container> {
        let volume = busybox_volume()?;
        let script = "mkdir -p /www/cgi-bin; cp /etc/hostname /www
            printf '#!/bin/busybox sh\\necho; echo $REMOTE_ADDR\\n' >/www/cgi-bin/caller; chmod +x /www/cgi-bin/caller
            exec busybox httpd -f -p 0.0.0.0:80 -h /www";
        let container = Container::start(name, &[&["-v", &volume], flags].concat(), script)?;
        container.wait_for_listener(80)?;
        Ok(container)
    }

    /// Until something in its network listens on a port.
    pub fn wait_for_listener(&self, port: u16) -> Result<()> {
        let entry = format!(":{port:04X} ");
        eventually(&format!("{} listens on {port}", self.name), || {
            let mut text = String::new();
            for file in ["tcp", "tcp6"] {
                text += &fs::read_to_string(format!("/proc/{}/net/{file}", self.pid)).unwrap_or_default();
            }
            // The state 0A is LISTEN: proc_pid_net(5).
            Ok(text.lines().any(|line| {
                let mut fields = line.split_whitespace().skip(1);
                let local = fields.next().unwrap_or_default();
                format!("{local} ").contains(&entry) && fields.nth(1) == Some("0A")
            }))
        })
    }

    /// What a script prints that is run in it.
    pub fn inside(&self, script: &str) -> Result<String> {
        succeeds(&["enter", &self.name, "--", "sh", "-c", script])
    }

    /// What a page says, or `None` when there was no answer in a while. The container has busybox.
    pub fn fetches(&self, url: &str) -> Result<Option<String>> {
        self.fetches_within(15, url)
    }

    /// Whether nothing comes from there, where it would come at once.
    pub fn is_cut_off_from(&self, url: &str) -> Result<bool> {
        Ok(self.fetches_within(3, url)?.is_none())
    }

    fn fetches_within(&self, seconds: u32, url: &str) -> Result<Option<String>> {
        let script = format!("timeout {seconds} busybox wget -q -O - {url} || echo none");
        let said = self.inside(&script)?;
        Ok((said != "none").then_some(said))
    }

    /// Its address, by its own interface.
    pub fn address(&self) -> Result<Ipv4Addr> {
        let said = self.inside("ip -4 -o address show dev eth0")?;
        let address = said.split_whitespace().find_map(|word| word.split_once('/')?.0.parse().ok());
        address.with_context(|| format!("no address in {said:?}"))
    }

    /// Its interfaces, as the kernel tells us.
    pub fn interfaces(&self) -> Result<Vec<String>> {
        interfaces(self.pid)
    }

    pub fn remove(&self) -> Result<()> {
        succeeds(&["rm", "-f", &self.name]).map(drop)
    }
}

/// A container's first process, by the program's own list.
pub fn pid_of(name: &str) -> Result<i32> {
    let list: serde_json::Value = serde_json::from_str(&succeeds(&["ps", "--format", "json"])?)?;
    let all = list.as_array().context("no array")?;
    let found = all.iter().find(|one| one["name"] == name).with_context(|| format!("{name} is not in {list}"))?;
    Ok(found["pid"].as_i64().context("no pid")? as i32)
}

/// The interfaces in a process's network namespace, sorted.
pub fn interfaces(pid: i32) -> Result<Vec<String>> {
    let file = format!("/proc/{pid}/net/dev");
    let text = fs::read_to_string(&file).with_context(|| format!("read {file}"))?;
    let mut names: Vec<_> = text.lines().filter_map(|line| Some(line.split_once(':')?.0.trim().into())).collect();
    names.sort();
    Ok(names)
}

/// The ends of veth pairs in our own network namespace.
pub fn cables() -> Result<Vec<String>> {
    Ok(interfaces(std::process::id() as i32)?.into_iter().filter(|name| name.starts_with("veth")).collect())
}

/// Mounts busybox into a container; it must need no library.
pub fn busybox_volume() -> Result<String> {
    needs::program("busybox")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("busybox")).find(|file| file.is_file());
    Ok(format!("{}:/bin/busybox:ro", found.unwrap_or_default().display()))
}

/// What a page says to a caller on the machine.
pub fn fetch(url: &str) -> Result<String> {
    sh(&format!("timeout 15 busybox wget -q -O - {url}"))
}

/// Processes whose command line has this word, by pid.
pub fn processes_with(word: &str) -> Vec<i32> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let has_word = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes())
    };
    pids.filter(has_word).collect()
}

/// The files in the store below a directory whose name is given, such as leases.
pub fn leases() -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let root: PathBuf = Path::new(STORE).join("network/leases");
    for network in fs::read_dir(root).into_iter().flatten().flatten() {
        for lease in fs::read_dir(network.path())?.flatten() {
            found.insert(lease.file_name().to_string_lossy().into_owned(), fs::read_to_string(lease.path())?);
        }
    }
    Ok(found)
}

/// The names of the tables that `nft` lists; none where it may not look.
pub fn tables() -> Result<Vec<String>> {
    let output = Command::new("nft").args(["list", "tables"]).output().context("start nft")?;
    if !output.status.success() {
        bail!("nft list tables: {}", format_output(&output));
    }
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().filter_map(|line| Some(line.strip_prefix("table ")?.to_string())).collect())
}
