//! Exercise 7.2: two programs of different age.
//!
//! A client from this year talks to a daemon from another one. Take the version off a request's
//! path, and find the one that both speak. Read on the page what a version looks like; check with
//! `cargo wb check 7.2`.

use anyhow::{Context, Result, bail};

/// Major and minor: 1.43 is (1, 43).
pub type Version = (u32, u32);

/// The daemon's part. Takes the version off a request's path: `/v1.43/containers/json` is (1, 43)
/// and `/containers/json`. A path that has none is left as it is, and `newest` is meant. Nothing
/// behind the version is `/`.
///
/// Fails, saying which versions would do, if the version is older than `oldest` or newer than
/// `newest`.
pub fn split_version(path: &str, oldest: Version, newest: Version) -> Result<(Version, &str)> {
    // wb:answer
    let Some((version, rest)) = version_in_front(path) else { return Ok((newest, path)) };
    let (major, minor) = version;
    if version > newest {
        bail!("client version {major}.{minor} is too new: the newest here is {}.{}", newest.0, newest.1);
    }
    if version < oldest {
        bail!("client version {major}.{minor} is too old: the oldest here is {}.{}", oldest.0, oldest.1);
    }
    Ok((version, rest))
    // wb:starter
    // todo!("is the first part a version? Is it one that we speak?")
    // wb:end
}

/// The client's part. It speaks all versions up to `newest`. A daemon's answer to `/_ping` has the
/// newest that the daemon speaks in the header Api-Version; old ones send none, and speak 1.24.
///
/// Returns the newest that both speak. Fails if the header is no version.
pub fn negotiate(newest: Version, api_version: Option<&str>) -> Result<Version> {
    // wb:answer
    let daemons = match api_version {
        None => (1, 24),
        Some(header) => parse(header).with_context(|| format!("Api-Version: {header} is no version"))?,
    };
    Ok(newest.min(daemons))
    // wb:starter
    // todo!("which of the two, and what if there is only one?")
    // wb:end
}

// wb:answer
fn version_in_front(path: &str) -> Option<(Version, &str)> {
    let rest = path.strip_prefix("/v")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let version = parse(&rest[..end])?;
    Some((version, if end == rest.len() { "/" } else { &rest[end..] }))
}

fn parse(text: &str) -> Option<Version> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
// wb:end
