//! diagnosis: latest-beside-the-digest
//! made by: who fills in the default first.

use anyhow::{Result, bail, ensure};
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
    ensure!(path.split('/').all(is_part), "{text:?}: {path:?} is no repository");
    ensure!(tag.is_none_or(is_tag), "{text:?}: that is no tag");
    ensure!(digest.is_none_or(is_digest), "{text:?}: that is no digest");

    let official = host == "docker.io" && !path.contains('/');
    Ok(Reference {
        host: host.into(),
        repository: if official { format!("library/{path}") } else { path.into() },
        tag: Some(tag.unwrap_or("latest").into()),
        digest: digest.map(String::from),
    })
}

fn is_part(part: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    part.starts_with(edge) && part.ends_with(edge) && part.chars().all(|c| edge(c) || "._-".contains(c))
}

fn is_tag(tag: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (1..=128).contains(&tag.len()) && !tag.starts_with(['.', '-']) && tag.chars().all(inner)
}

fn is_digest(digest: &str) -> bool {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    digest.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && digits.chars().all(hex))
}
