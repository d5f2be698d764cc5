//! Exercise 7.2: split off and negotiate API versions.
//!
//! A client and a daemon may support different API versions. Split the version off a request's
//! path, and find the newest version that both support. The page explains versions. Check with
//! `cargo wb check 7.2`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Context, Result, bail};

/// Major and minor version: 1.43 is (1, 43).
pub type Version = (u32, u32);

/// The daemon's function. Splits the version off a request's path: `/v1.43/containers/json` becomes
/// (1, 43) and `/containers/json`. If the path has no version, the result is `newest` and the whole
/// path. If nothing follows the version, the rest is `/`.
///
/// Returns an error with the supported versions if the version is older than `oldest` or newer than
/// `newest`.
pub fn split_version(path: &str, oldest: Version, newest: Version) -> Result<(Version, &str)> {
    todo!("is the first component a version? Is it supported?")
}

/// The client's function. The client supports all versions up to `newest`. A daemon sends its own
/// newest version in the header Api-Version of its answer to `/_ping`. Old daemons send no such
/// header, and support 1.24.
///
/// Returns the newest version that both support, or an error if the header isn't a version.
pub fn negotiate(newest: Version, api_version: Option<&str>) -> Result<Version> {
    todo!("which of the two versions? And which one without a header?")
}
