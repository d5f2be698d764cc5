//! diagnosis: everywhere
//! made by: whoever cleans a path of everything that isn't wanted.

use anyhow::{Context, Result, ensure};

pub type Version = (u32, u32);

pub fn split_version(path: &str, oldest: Version, newest: Version) -> Result<(Version, &str)> {
    let of_part = |part: &str| part.strip_prefix('v').and_then(parse);
    let Some(version) = path.split('/').find_map(of_part) else { return Ok((newest, path)) };
    ensure!(version >= oldest && version <= newest, "from {oldest:?} to {newest:?}");
    let rest: Vec<&str> = path.split('/').skip(1).filter(|part| of_part(part).is_none()).collect();
    Ok((version, format!("/{}", rest.join("/")).leak()))
}

pub fn negotiate(newest: Version, api_version: Option<&str>) -> Result<Version> {
    let Some(header) = api_version else { return Ok((1, 24)) };
    Ok(newest.min(parse(header).with_context(|| format!("{header} is no version"))?))
}

fn parse(text: &str) -> Option<Version> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
