//! Exercise 8.1: parse an image reference.
//!
//! `nginx` is short for `docker.io/library/nginx:latest`. Split a reference into its parts, and
//! fill in the default values of missing parts. The page explains the rules. Check with `cargo wb
//! check 8.1`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

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
    todo!("split off the digest first, then the host, then the tag")
}
