//! The few files in /etc without which programs are at a loss.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

const FILES: [(&str, &str); 6] = [
    ("passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
    ("group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"),
    ("hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"),
    ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ("os-release", "NAME=hostbox\nID=hostbox\nPRETTY_NAME=\"hostbox: this machine's own programs\"\n"),
    ("profile", "PS1='\\h:\\w# '\n"),
];

/// Writes them. The resolver's configuration is the host's at this moment, unless it names a server
/// on the host's own loopback, which nobody answers at inside (systemd-resolved's 127.0.0.53; the
/// real list is in /run).
pub fn write(root: &Path) -> Result<()> {
    for (name, text) in FILES {
        write_one(root, name, text)?;
    }
    let candidates = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
    let usable = candidates.iter().filter_map(|path| fs::read_to_string(path).ok()).find(|text| is_usable(text));
    write_one(root, "resolv.conf", &usable.unwrap_or_default())
}

/// For everybody to read, whatever the umask.
fn write_one(root: &Path, name: &str, text: &str) -> Result<()> {
    let place = root.join("etc").join(name);
    fs::write(&place, text)
        .and_then(|()| fs::set_permissions(&place, Permissions::from_mode(0o644)))
        .with_context(|| format!("cannot write /etc/{name}"))
}

/// Whether a name server is named, and none on the loopback.
fn is_usable(resolv_conf: &str) -> bool {
    let mut servers =
        resolv_conf.lines().filter_map(|line| line.trim().strip_prefix("nameserver")).map(str::trim).peekable();
    servers.peek().is_some() && servers.all(|server| !server.starts_with("127.") && server != "::1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_on_the_loopback_is_of_no_use_inside() {
        assert!(is_usable("nameserver 192.0.2.1\n"));
        assert!(!is_usable("nameserver 127.0.0.53\n"));
        assert!(!is_usable("search example.org\n"));
    }
}
