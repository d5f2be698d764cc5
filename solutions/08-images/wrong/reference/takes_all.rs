//! diagnosis: takes-all
//! made by: whoever tries good names only.

use anyhow::{Result, bail};
use given::Reference;

pub fn parse(text: &str) -> Result<Reference> {
    // From the end: a digest has a colon in it, a host may have one.
    let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    let (host, rest) = match rest.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => ("docker.io", rest),
    };
    let (path, tag) = rest.split_once(':').map_or((rest, None), |(path, tag)| (path, Some(tag)));

    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
    if !host.starts_with(|c: char| c.is_ascii_alphanumeric()) || !host.chars().all(is_host) {
        bail!("{text:?}: {host:?} is no host");
    }

    let official = host == "docker.io" && !path.contains('/');
    Ok(Reference {
        host: host.into(),
        repository: if official { format!("library/{path}") } else { path.into() },
        tag: tag.or(if digest.is_none() { Some("latest") } else { None }).map(String::from),
        digest: digest.map(String::from),
    })
}
