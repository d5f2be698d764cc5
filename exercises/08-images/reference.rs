//! Exercise 8.1: a name with all its parts.
//!
//! `nginx` is short for `docker.io/library/nginx:latest`. Take a name apart, and fill in what it
//! leaves out. The rules are on the page; check with `cargo wb check 8.1`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

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
    todo!("the digest first, then the host, then the tag")
}
