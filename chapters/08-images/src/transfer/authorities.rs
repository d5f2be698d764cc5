//! Which certificate authorities a registry's certificate may come from.
//!
//! The public ones are in the program. A registry of one's own has an authority of its own, which
//! Docker's users put where Docker looks: `/etc/docker/certs.d/HOST[:PORT]/ca.crt`. Other programs
//! take a file for all hosts from the environment: `SSL_CERT_FILE`, as OpenSSL does.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// Where Docker looks.
const DOCKERS: &str = "/etc/docker/certs.d";

/// Whether a host has an authority of its own.
pub fn has_own(host: &str) -> bool {
    files(Path::new(DOCKERS), host, None).is_ok_and(|files| !files.is_empty())
}

/// What may vouch for a host.
pub fn tls_config(host: &str) -> Result<TlsConfig> {
    let files = files(Path::new(DOCKERS), host, std::env::var_os("SSL_CERT_FILE").map(PathBuf::from))?;
    let mut found = Vec::new();
    for file in &files {
        let about = || format!("cannot use the certificates in {}", file.display());
        let text = fs::read(file).with_context(about)?;
        let before = found.len();
        for item in parse_pem(&text) {
            if let PemItem::Certificate(certificate) = item.with_context(about)? {
                found.push(certificate);
            }
        }
        ensure!(found.len() > before, "{}: no certificate is in it\ncure: it must be PEM: -----BEGIN", about());
    }
    let roots = if found.is_empty() { RootCerts::WebPki } else { RootCerts::new_with_certs(&found) };
    Ok(TlsConfig::builder().root_certs(roots).build())
}

/// The files with the authorities: a host's own, else the one for all. None: the public ones.
fn files(directory: &Path, host: &str, of_all: Option<PathBuf>) -> Result<Vec<PathBuf>> {
    let own = directory.join(host);
    let mut files = Vec::new();
    if own.is_dir() {
        for entry in fs::read_dir(&own).with_context(|| format!("cannot read {}", own.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "crt") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(if files.is_empty() { of_all.into_iter().collect() } else { files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_own_authorities_come_before_the_one_for_all() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join("registry:5000");
        fs::create_dir(&own).unwrap();
        for name in ["b.crt", "a.crt", "client.key"] {
            fs::write(own.join(name), "").unwrap();
        }
        let of_all = || Some(PathBuf::from("/all.pem"));
        assert_eq!(files(directory.path(), "registry:5000", of_all()).unwrap(), [own.join("a.crt"), own.join("b.crt")]);
        assert_eq!(files(directory.path(), "elsewhere", of_all()).unwrap(), [PathBuf::from("/all.pem")]);
        assert!(files(directory.path(), "elsewhere", None).unwrap().is_empty());
    }
}
