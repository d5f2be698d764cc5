//! diagnosis: not-checked
//! made by: whoever takes the version for decoration.

use anyhow::{Context, Result};

pub type Version = (u32, u32);

pub fn split_version(path: &str, _oldest: Version, newest: Version) -> Result<(Version, &str)> {
    let Some((version, rest)) = version_in_front(path) else { return Ok((newest, path)) };
    Ok((version, rest))
}

pub fn negotiate(newest: Version, api_version: Option<&str>) -> Result<Version> {
    let daemons = match api_version {
        None => (1, 24),
        Some(header) => parse(header).with_context(|| format!("Api-Version: {header} is no version"))?,
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
