//! diagnosis: none
//! made by: whoever takes a header that can't be read for an old daemon's.

use anyhow::{Result, bail};

pub type Version = (u32, u32);

pub fn split_version(path: &str, oldest: Version, newest: Version) -> Result<(Version, &str)> {
    let Some((version, rest)) = version_in_front(path) else { return Ok((newest, path)) };
    let (major, minor) = version;
    if version > newest {
        bail!("client version {major}.{minor} is too new: the newest here is {}.{}", newest.0, newest.1);
    }
    if version < oldest {
        bail!("client version {major}.{minor} is too old: the oldest here is {}.{}", oldest.0, oldest.1);
    }
    Ok((version, rest))
}

pub fn negotiate(newest: Version, api_version: Option<&str>) -> Result<Version> {
    let daemons = match api_version {
        None => (1, 24),
        Some(header) => parse(header).unwrap_or((1, 24)),
    };
    Ok(newest.min(daemons))
}

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
