//! Exercise 8.1: a name with all its parts.
//!
//! `nginx` is short for `docker.io/library/nginx:latest`. Take a name apart, and fill in what it
//! leaves out. The rules are on the page; check with `cargo wb check 8.1`.

use anyhow::{Result, bail, ensure};
use given::Reference;

/// Takes the name of an image apart: `[HOST/]REPOSITORY[:TAG][@DIGEST]`.
///
/// - What is before the first `/` is a host if it has a `.` or a `:` in it or is `localhost`.
///   Without a host it is docker.io; and there, only there, a repository without a `/` is in
///   `library/`.
/// - Without a tag it is `latest`, unless there is a digest.
///
/// Fails, saying which part is wrong:
/// - a host has letters, digits, `.`, `-`, `:`, and begins with a letter or a digit;
/// - a repository is one part or more, with `/` between. A part has lower-case letters and digits,
///   and within, not at an end, `.`, `_`, `-`;
/// - a tag has 1 to 128 letters, digits, `_`, `.`, `-`, and begins with none of `.` and `-`;
/// - a digest is `sha256:` and 64 of `0` to `9` and `a` to `f`.
pub fn parse(text: &str) -> Result<Reference> {
    // wb:answer
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
        tag: tag.or(if digest.is_none() { Some("latest") } else { None }).map(String::from),
        digest: digest.map(String::from),
    })
    // wb:starter
    // todo!("the digest first, then the host, then the tag")
    // wb:end
}

// wb:answer
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
// wb:end
