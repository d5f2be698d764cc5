//! Exercise 8.5b: a COPY that escapes its context.
//!
//! A builder may copy from its context, a directory that somebody sent, and from nowhere else. This
//! one looks at names. Get a file of the builder's machine into your image, then write the function
//! that opens files of the context only. Read openat2(2); check with `cargo wb check 8.5b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};

/// The attack: prepares the context so that the careless builder copies `secret`, an absolute path
/// on its machine. You prepare the context on another machine: there is no such file there. Returns
/// what to write behind COPY.
///
/// ```ignore
/// ensure!(!source.split('/').any(|part| part == ".."), "forbidden path");
/// let path = context.join(source.trim_start_matches('/'));
/// ensure!(!path.is_symlink(), "a link is not copied");
/// fs::read(path)
/// ```
pub fn smuggle(context: &Path, secret: &Path) -> Result<String> {
    todo!("which links does the builder look for, and which ones not?")
}

/// The defence: opens a file of the context. A `/` at the beginning is the context's. Links and
/// `..` are followed as long as they stay in it.
///
/// Fails, saying what it was, if the way leads out of the context at any point, or there is no such
/// file.
pub fn open_in_context(context: &Path, source: &str) -> Result<File> {
    todo!("the kernel can be told, for one lookup, that it must not leave a directory")
}
