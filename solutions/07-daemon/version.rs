//! Exercise 7.2: split off and negotiate API versions.
//!
//! A client and a daemon may support different API versions. Split the version off a request's
//! path, and find the newest version that both support. The page explains versions. Check with
//! `cargo wb check 7.2`.

use anyhow::{Context, Result, bail};

/// Major and minor version: 1.43 is (1, 43).
pub type Version = (u32, u32);

/// The daemon's function. Splits the version off a request's path: `/v1.43/containers/json` becomes
/// (1, 43) and `/containers/json`. If the path has no version, the result is `newest` and the whole
/// path. If nothing follows the version, the rest is `/`.
///
/// Returns an error with the supported versions if the version is older than `oldest` or newer than
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
    // todo!("is the first component a version? Is it supported?")
    // wb:end
}

/// The client's function. The client supports all versions up to `newest`. A daemon sends its own
/// newest version in the header Api-Version of its answer to `/_ping`. Old daemons send no such
/// header, and support 1.24.
///
/// Returns the newest version that both support, or an error if the header isn't a version.
pub fn negotiate(newest: Version, api_version: Option<&str>) -> Result<Version> {
    // wb:answer
    let daemons = match api_version {
        None => (1, 24),
        Some(header) => parse(header).with_context(|| format!("Api-Version: {header} is no version"))?,
    };
    Ok(newest.min(daemons))
    // wb:starter
    // todo!("which of the two versions? And which one without a header?")
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
