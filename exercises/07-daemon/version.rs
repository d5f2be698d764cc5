//! Exercise 7.2: two programs of different age.
//!
//! A client from this year talks to a daemon from another one. Take the version off a request's
//! path, and find the one that both speak. Read on the page what a version looks like; check with
//! `cargo wb check 7.2`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Context, Result, bail};

/// Major and minor: 1.43 is (1, 43).
pub type Version = (u32, u32);

/// The daemon's part. Takes the version off a request's path: `/v1.43/containers/json` is (1, 43)
/// and `/containers/json`. A path that has none is left as it is, and `newest` is meant. Nothing
/// behind the version is `/`.
///
/// Fails, saying which versions would do, if the version is older than `oldest` or newer than
/// `newest`.
pub fn split_version(path: &str, oldest: Version, newest: Version) -> Result<(Version, &str)> {
    todo!("is the first part a version? Is it one that we speak?")
}

/// The client's part. It speaks all versions up to `newest`. A daemon's answer to `/_ping` has the
/// newest that the daemon speaks in the header Api-Version; old ones send none, and speak 1.24.
///
/// Returns the newest that both speak. Fails if the header is no version.
pub fn negotiate(newest: Version, api_version: Option<&str>) -> Result<Version> {
    todo!("which of the two, and what if there is only one?")
}
