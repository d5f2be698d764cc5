//! Names of images: `nginx` is short for `docker.io/library/nginx:latest`.

use std::fmt;
use std::str::FromStr;

use ch04_unionfs::digest::Digest;
use serde::{Deserialize, Serialize};

/// A name with all its parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference {
    /// The registry's host, perhaps with a port.
    pub domain: String,
    /// The repository there.
    pub path: String,
    /// The tag; `latest` if neither it nor a digest is given.
    pub tag: Option<String>,
    /// The digest of a manifest.
    pub digest: Option<Digest>,
}

/// The registry of names that name none.
const DEFAULT_DOMAIN: &str = "docker.io";

// ANCHOR: parse
impl FromStr for Reference {
    type Err = String;

    /// Docker's rule (distribution, `reference/`): the text before the first `/` is a host if it
    /// contains a `.` or a `:`, or is `localhost`.
    fn from_str(text: &str) -> Result<Reference, String> {
        let invalid = |why: &str| format!("invalid reference format {text:?}: {why}");
        let (rest, digest) = match text.split_once('@') {
            None => (text, None),
            Some((rest, digest)) => (rest, Some(digest.parse::<Digest>().map_err(|error| invalid(&error))?)),
        };
        let (domain, rest) = match rest.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => (DEFAULT_DOMAIN, rest),
        };
        let domain = if domain == "index.docker.io" { DEFAULT_DOMAIN } else { domain };
        let (path, tag) = match rest.split_once(':') {
            None => (rest, None),
            Some((path, tag)) => (path, Some(tag)),
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
        if !domain.starts_with(|c: char| c.is_ascii_alphanumeric()) || !domain.chars().all(is_host) {
            return Err(invalid("the registry's host is wrong"));
        }
        if !path.split('/').all(is_component) || path.len() > 255 {
            return Err(invalid(
                "a repository has lower-case letters and digits, with single . _ - and / between them",
            ));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(invalid("a tag has up to 128 letters, digits, . _ and -, and begins with none of . and -"));
        }
        let is_official = domain == DEFAULT_DOMAIN && !path.contains('/');
        let tag = tag.map(String::from).or_else(|| digest.is_none().then(|| "latest".into()));
        let path = if is_official { format!("library/{path}") } else { path.into() };
        Ok(Reference { domain: domain.into(), path, tag, digest })
    }
}
// ANCHOR_END: parse

fn is_component(part: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    edge(part.chars().next()) && edge(part.chars().next_back()) && part.chars().all(inner)
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

impl Reference {
    /// The repository as people write it: without what goes without saying.
    pub fn repository(&self) -> String {
        match (self.domain.as_str(), self.path.strip_prefix("library/")) {
            (DEFAULT_DOMAIN, Some(official)) => official.into(),
            (DEFAULT_DOMAIN, None) => self.path.clone(),
            (domain, _) => format!("{domain}/{}", self.path),
        }
    }

    /// With repository and tag, as `docker images` shows it.
    pub fn familiar(&self) -> String {
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = self.digest.map(|digest| format!("@{digest}")).unwrap_or_default();
        format!("{}{tag}{digest}", self.repository())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = self.digest.map(|digest| format!("@{digest}")).unwrap_or_default();
        write!(f, "{}/{}{tag}{digest}", self.domain, self.path)
    }
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Reference, String> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> String {
        reference.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_completed_and_shown_short_again() {
        for (short, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("jianglong/nginx_web:v1", "docker.io/jianglong/nginx_web:v1"),
            ("localhost:5000/a/b:2", "localhost:5000/a/b:2"),
            ("ghcr.io/a/b", "ghcr.io/a/b:latest"),
        ] {
            let reference: Reference = short.parse().unwrap();
            assert_eq!(reference.to_string(), full);
            assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
        }
        assert_eq!("docker.io/library/nginx".parse::<Reference>().unwrap().familiar(), "nginx:latest");
    }

    #[test]
    fn with_a_digest_no_tag_is_added() {
        let digest = Digest::compute(b"");
        let reference: Reference = format!("nginx@{digest}").parse().unwrap();
        assert_eq!((reference.tag, reference.digest), (None, Some(digest)));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in ["", "Nginx", "../x", "a//b", "a:", "a:.x", "a b", "a@sha256:../../x", "a@md5:00", "/a", "a/../b"] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }
}
