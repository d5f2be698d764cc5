//! Passwords that `docker login` (or `skopeo login`, `podman login`) has written down.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Credentials;
use super::registry::Registry;

/// What Docker calls its own registry in that file.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The credentials for a registry, from `$DOCKER_CONFIG/config.json`, or `~/.docker/config.json`.
pub fn credentials(domain: &str) -> Result<Option<Credentials>> {
    in_file(|text| find(text, domain)).map(Option::flatten)
}

/// All credentials that are there, by what logins call their registries.
pub fn all() -> Result<BTreeMap<String, Credentials>> {
    let read = |text: &[u8]| {
        let whole: Value = serde_json::from_slice(text).context("it is not JSON")?;
        let keys = whole["auths"].as_object().into_iter().flat_map(|auths| auths.keys());
        let pairs = keys.map(|key| Ok(find(text, key)?.map(|found| (key.clone(), found))));
        pairs.filter_map(Result::transpose).collect()
    };
    in_file(read).map(Option::unwrap_or_default)
}

fn in_file<T>(read: impl FnOnce(&[u8]) -> Result<T>) -> Result<Option<T>> {
    let home = || Some(Path::new(&std::env::var_os("HOME")?).join(".docker"));
    let directory = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(home);
    let Some(file) = directory.map(|directory| directory.join("config.json")) else { return Ok(None) };
    match fs::read(&file) {
        // What can't be seen is not there.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => Ok(None),
        text => text
            .map_err(anyhow::Error::new)
            .and_then(|text| read(&text))
            .map(Some)
            .with_context(|| format!("cannot use the logins in {}", file.display())),
    }
}

/// What logins call a registry.
pub fn key(domain: &str) -> &str {
    if domain == "docker.io" { DOCKER_HUB } else { domain }
}

/// Whether a registry takes them.
pub fn check(domain: &str, credentials: Option<Credentials>) -> Result<()> {
    Registry::for_domain(domain, credentials)?.check().with_context(|| format!("login to {domain} failed"))
}

fn find(text: &[u8], domain: &str) -> Result<Option<Credentials>> {
    let whole: Value = serde_json::from_slice(text).context("it is not JSON")?;
    // Where a helper program keeps the password, this is empty.
    let Some(pair) = whole["auths"][key(domain)]["auth"].as_str().filter(|pair| !pair.is_empty()) else {
        return Ok(None);
    };
    let pair = STANDARD.decode(pair).ok().and_then(|pair| String::from_utf8(pair).ok());
    let pair = pair.with_context(|| format!("the login for {domain} is damaged\ncure: log in again"))?;
    let (user, password) = pair.split_once(':').context("a login without a password\ncure: log in again")?;
    Ok(Some(Credentials { user: user.into(), password: password.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_found_by_its_registry_only() {
        let auth = STANDARD.encode("anna:open:sesame");
        let text = format!(r#"{{"auths": {{"registry:5000": {{"auth": "{auth}"}}, "{DOCKER_HUB}": {{}}}}}}"#);
        let found = find(text.as_bytes(), "registry:5000").unwrap().unwrap();
        assert_eq!((found.user.as_str(), found.password.as_str()), ("anna", "open:sesame"));
        for other in ["registry", "registry:5001", "docker.io"] {
            assert!(find(text.as_bytes(), other).unwrap().is_none(), "{other}");
        }
        assert!(find(br#"{"auths": {"r": {"auth": "!"}}}"#, "r").unwrap_err().to_string().contains("log in again"));
    }
}
