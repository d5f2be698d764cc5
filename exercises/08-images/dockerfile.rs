//! Exercise 8.4: a Dockerfile's instructions.
//!
//! Take the text of a Dockerfile apart. The rules are below and on the page; check with `cargo wb
//! check 8.4`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Result, bail, ensure};
use given::{Arguments, Instruction};

/// The instructions of a Dockerfile, in order.
///
/// - A line that is empty, or begins with `#`, is nothing, also between the lines of an
///   instruction. Blanks before it don't count. A comment never goes on in the next line, and a `#`
///   anywhere else is no comment.
/// - A line that ends with the escape character goes on in the next one; blanks may follow it. The
///   character goes, and all behind it; nothing stands in its place.
/// - The escape character is `\`. If the first line is `# escape=C` it is C; blanks around
///   `escape`, `=` and C don't count.
/// - The name is what is before the first blank, in capitals; the arguments are what is behind it,
///   without blanks at both ends. The line is the one that it begins in.
/// - Arguments that are a JSON array of strings are the exec form; anything else is the shell form.
///
/// `serde_json::from_str::<Vec<String>>` reads such an array. Fails, saying in which line, if a
/// name has something other than letters in it, or has no arguments.
pub fn instructions(text: &str) -> Result<Vec<Instruction>> {
    todo!("first whole instructions from lines, then each into its parts")
}
