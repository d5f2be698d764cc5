//! Exercise 8.1: parse an image reference.
//!
//! `nginx` is short for `docker.io/library/nginx:latest`. Split a reference into its parts, and
//! fill in the default values of missing parts. The page explains the rules. Check with `cargo wb
//! check 8.1`.

use anyhow::{Result, bail, ensure};
use given::Reference;

/// Parses the reference of an image: `[HOST/]REPOSITORY[:TAG][@DIGEST]`.
///
/// - The text before the first `/` is a host if it contains a `.` or a `:`, or is `localhost`. The
///   default host is docker.io. Only on docker.io, a repository without a `/` is in `library/`.
/// - The default tag is `latest`, but a reference with a digest has no default tag.
///
/// Returns an error that names the part if a part is invalid:
/// - a host consists of letters, digits, `.`, `-` and `:`, and begins with a letter or a digit;
/// - a repository consists of one or more components with `/` between them. A component consists of
///   lower-case letters and digits, and of `.`, `_` and `-`, but not at its ends;
/// - a tag consists of 1 to 128 letters, digits, `_`, `.` and `-`, and begins with neither `.` nor
///   `-`;
/// - a digest is `sha256:` and 64 characters of `0` to `9` and `a` to `f`.
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
    // todo!("split off the digest first, then the host, then the tag")
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
