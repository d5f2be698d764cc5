//! The way out of a user's network namespace: a program that speaks TCP/IP in user space, where one
//! is installed.

use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;

/// The programs that there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outgoing {
    /// slirp4netns(1).
    Slirp4netns,
    /// pasta(1), of passt.
    Pasta,
}

impl Outgoing {
    /// What is installed.
    pub fn available() -> Option<Outgoing> {
        let is_there = |name: &str| find(name).is_some();
        [(Outgoing::Slirp4netns, "slirp4netns"), (Outgoing::Pasta, "pasta")]
            .into_iter()
            .find(|(_, name)| is_there(name))
            .map(|(program, _)| program)
    }

    /// Starts it for the network namespace of a process, with which it ends. Without one there is no
    /// way out; the caller says so.
    pub fn start(holder: i32) -> Result<()> {
        match Outgoing::available() {
            None => Ok(()),
            Some(Outgoing::Slirp4netns) => slirp4netns(holder),
            Some(Outgoing::Pasta) => pasta(holder),
        }
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

/// It goes into the namespace by itself, and ends with it.
fn pasta(holder: i32) -> Result<()> {
    let status = Command::new("pasta")
        .args(["--config-net", "--quiet", "--tcp-ports", "none", "--udp-ports", "none", "--ns-ifname", "tap0"])
        .arg(holder.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start pasta")?;
    // Without it everything works but the way out.
    let _ = status;
    Ok(())
}

/// It stays until the namespace's last process is gone, which it sees at its tap device; and it
/// says when it is ready.
fn slirp4netns(holder: i32) -> Result<()> {
    let (ready, says) = std::io::pipe().context("cannot make a pipe")?;
    fcntl(&says, FcntlArg::F_SETFD(FdFlag::empty())).context("fcntl")?;
    let mut command = Command::new("slirp4netns");
    command
        .args(["--configure", "--mtu=65520", "--disable-host-loopback"])
        .arg(format!("--ready-fd={}", says.as_raw_fd()))
        .args([&holder.to_string(), "tap0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    command.spawn().context("cannot start slirp4netns")?;
    drop(says);
    let mut said = [PollFd::new(ready.as_fd(), PollFlags::POLLIN)];
    let patience = PollTimeout::try_from(Duration::from_secs(3)).unwrap_or(PollTimeout::ZERO);
    let _ = poll(&mut said, patience);
    Ok(())
}
