//! The daemon's sockets.

use std::fs;
use std::os::unix::fs::{FileTypeExt, lchown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ch01_namespaces::StoreFlags;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::unistd::Group;

use crate::cli::DaemonVerb;

/// Where it listens, as paths.
fn paths(flags: &StoreFlags, verb: &DaemonVerb) -> Result<Vec<PathBuf>> {
    if verb.host.is_empty() {
        return Ok(vec![flags.open()?.root().join("docker.sock")]);
    }
    let path = |host: &String| match host.strip_prefix("unix://") {
        Some(path) => Ok(PathBuf::from(path)),
        None => {
            bail!("--host {host} is not supported: use unix:///PATH (TCP would need TLS to be more than an open door)")
        }
    };
    verb.host.iter().map(path).collect()
}

/// Listens. A socket of systemd's comes first. The paths are those that were made here.
pub fn listen(flags: &StoreFlags, verb: &DaemonVerb) -> Result<(Vec<UnixListener>, Vec<PathBuf>)> {
    if let Some(file) = &verb.pidfile {
        fs::write(file, format!("{}\n", std::process::id()))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let given = from_systemd()?;
    if !given.is_empty() && verb.host.is_empty() {
        return Ok((given, Vec::new()));
    }
    let paths = paths(flags, verb)?;
    let listeners = paths.iter().map(|path| listen_at(path, verb.group.as_deref())).collect::<Result<_>>()?;
    Ok((listeners, paths))
}

// ANCHOR: listen_at
/// A socket for its owner and one group (0660). Connecting to it gives all privileges of the
/// daemon.
fn listen_at(path: &Path, group: Option<&str>) -> Result<UnixListener> {
    if UnixStream::connect(path).is_ok() {
        bail!("another process already listens at {}\ncure: stop it, or choose another --host", path.display());
    }
    let group = group.map(|name| Group::from_name(name)?.with_context(|| format!("there is no group {name}")));
    let group = group.transpose()?;
    // A killed daemon has left it. Anything else is somebody's file.
    if fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket()) {
        let _ = fs::remove_file(path);
    }
    let before = nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o117));
    let listener = UnixListener::bind(path);
    nix::sys::stat::umask(before);
    let listener = listener.with_context(|| format!("cannot listen at {}", path.display()))?;
    // Its mode is 0660 from its first moment. Set afterwards, it would be set on whatever somebody has
    // put in the socket's place; the group is never given to what a link there leads to.
    if let Some(group) = group {
        let given = lchown(path, None, Some(group.gid.as_raw())).inspect_err(|_| drop(fs::remove_file(path)));
        given.with_context(|| format!("cannot give {} to the group {}", path.display(), group.name))?;
    }
    Ok(listener)
}
// ANCHOR_END: listen_at

/// sd_listen_fds(3): descriptors from 3 on, if they are meant for this process.
fn from_systemd() -> Result<Vec<UnixListener>> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<i32>().ok());
    if number("LISTEN_PID") != Some(std::process::id() as i32) {
        return Ok(Vec::new());
    }
    (3..3 + number("LISTEN_FDS").unwrap_or(0).clamp(0, 16)).map(own).collect()
}

/// It came over an execve, and is to go over no other: a shim would keep the socket open for ever.
fn own(fd: i32) -> Result<UnixListener> {
    let socket = ch01_namespaces::own_descriptor(fd);
    fcntl(&socket, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).with_context(|| format!("LISTEN_FDS: descriptor {fd}"))?;
    Ok(UnixListener::from(socket))
}

/// Removes what a killed daemon would leave.
pub fn clean_up(made: &[PathBuf], verb: &DaemonVerb) {
    for path in made {
        let _ = fs::remove_file(path);
    }
    if let Some(file) = &verb.pidfile {
        let _ = fs::remove_file(file);
    }
}
