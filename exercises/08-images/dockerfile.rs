//! Exercise 8.4: parse a Dockerfile.
//!
//! Split the text of a Dockerfile into instructions. The rules are below and on the page. Check
//! with `cargo wb check 8.4`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

use anyhow::{Result, bail, ensure};
use given::{Arguments, Instruction};

/// Returns the instructions of a Dockerfile, in order.
///
/// - Empty lines, and lines that begin with `#`, are ignored, also between the lines of an
///   instruction. There may be blanks before the `#`. A comment never continues on the next line. A
///   `#` at any other place isn't a comment.
/// - If a line ends with the escape character, the instruction continues on the next line. Blanks
///   may follow the character. The character, the blanks and the newline are removed, and nothing
///   replaces them.
/// - The escape character is `\`. If the first line is `# escape=C`, it is C. Blanks around
///   `escape`, `=` and C are ignored.
/// - The name is the text before the first blank, converted to capitals. The arguments are the text
///   after it, without blanks at both ends. The line is the number of the instruction's first line.
/// - If the arguments are a JSON array of strings, they have the exec form, otherwise the shell
///   form.
///
/// Parse such an array with `serde_json::from_str::<Vec<String>>`. Returns an error with the line's
/// number if a name contains anything but letters, or if there are no arguments.
pub fn instructions(text: &str) -> Result<Vec<Instruction>> {
    todo!("join lines to instructions, then split each into its parts")
}
