//! Kernel settings of a container's own namespaces: `--sysctl NAME=VALUE`. sysctl(8)

use std::os::fd::OwnedFd;

use anyhow::{Context, Result, ensure};
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open as open_file, openat2};
use nix::sys::stat::Mode;
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use nix::unistd::write;

/// Kernel settings that belong to a namespace of the container's: `--sysctl NAME=VALUE`.
#[derive(Debug, Clone, Default)]
pub struct Sysctls(pub Vec<(String, String)>);

/// `NAME=VALUE`, where NAME is one of a namespace's: any other would be the machine's.
pub fn sysctl(text: &str) -> Result<(String, String), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(format!("invalid setting {text:?}: use NAME=VALUE, such as net.ipv4.ip_forward=1"));
    };
    const IPC: [&str; 9] = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
        "kernel.domainname",
    ];
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c)) && !name.contains("..");
    if !is_plain || !(name.starts_with("net.") || name.starts_with("fs.mqueue.") || IPC.contains(&name)) {
        return Err(format!("sysctl '{name}' is not allowed: it is not in a namespace of the container's"));
    }
    Ok((name.into(), value.into()))
}

impl Mechanism for Sysctls {
    fn name(&self) -> &'static str {
        "sysctls"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        for (name, value) in &self.0 {
            let written = open(name).and_then(|file| Ok(write(&file, value.as_bytes()).map(drop)?));
            written.with_context(|| format!("cannot set {name} to {value:?}"))?;
        }
        Ok(())
    }
}

// ANCHOR: open
/// Opens a setting to be written. Our powers are the host's still, and what is mounted is the
/// user's: a volume on /proc or below it could hold a link to another setting, and we would write
/// to that (CVE-2025-52881). So the way begins at what the kernel says is its own procfs, and
/// crosses neither a mount nor a link.
fn open(name: &str) -> Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let proc = open_file("/proc", flags, Mode::empty()).context("cannot open /proc")?;
    let kind = fstatfs(&proc).context("fstatfs")?.filesystem_type();
    ensure!(kind == PROC_SUPER_MAGIC, "/proc is not the kernel's: a volume is mounted there");
    let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_XDEV | ResolveFlag::RESOLVE_NO_SYMLINKS;
    let how = OpenHow::new().flags(OFlag::O_WRONLY | OFlag::O_CLOEXEC).resolve(resolve);
    match openat2(&proc, format!("sys/{}", name.replace('.', "/")).as_str(), how) {
        Err(Errno::EXDEV | Errno::ELOOP) => {
            anyhow::bail!("/proc/sys is not the kernel's all the way: a volume is mounted there, or a link is in it")
        }
        other => Ok(other?),
    }
}
// ANCHOR_END: open

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_machine_are_refused() {
        assert!(sysctl("net.ipv4.ip_forward=1").is_ok() && sysctl("kernel.shmmax=1").is_ok());
        for bad in ["kernel.core_pattern=|/x", "vm.swappiness=1", "net./../kernel/core_pattern=x", "net.ipv4"] {
            assert!(sysctl(bad).is_err(), "{bad}");
        }
    }
}
