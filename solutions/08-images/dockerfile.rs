//! Exercise 8.4: parse a Dockerfile.
//!
//! Split the text of a Dockerfile into instructions. The rules are below and on the page. Check
//! with `cargo wb check 8.4`.

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
    // wb:answer
    let escape = escape_of(text.lines().next().unwrap_or_default());
    let mut found = Vec::new();
    // The instruction that isn't complete yet: the line that it began in, and its text so far.
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (begin, mut so_far) = open.take().unwrap_or((number + 1, String::new()));
        match line.trim_end().strip_suffix(escape) {
            Some(part) => {
                so_far.push_str(part);
                open = Some((begin, so_far));
            }
            None => {
                so_far.push_str(line);
                found.push(instruction(begin, &so_far)?);
            }
        }
    }
    if let Some((begin, rest)) = open {
        found.push(instruction(begin, &rest)?);
    }
    Ok(found)
    // wb:starter
    // todo!("join lines to instructions, then split each into its parts")
    // wb:end
}

// wb:answer
fn escape_of(line: &str) -> char {
    let value = line.trim().strip_prefix('#').and_then(|comment| comment.split_once('='));
    match value {
        Some((name, value)) if name.trim() == "escape" => value.trim().chars().next().unwrap_or('\\'),
        _ => '\\',
    }
}

fn instruction(line: usize, text: &str) -> Result<Instruction> {
    let text = text.trim();
    let Some((name, arguments)) = text.split_once(char::is_whitespace) else {
        bail!("line {line}: {text} has no arguments")
    };
    ensure!(name.chars().all(|c| c.is_ascii_alphabetic()), "line {line}: {name:?} is no instruction");
    let arguments = arguments.trim();
    let arguments = match serde_json::from_str(arguments) {
        Ok(words) => Arguments::Exec(words),
        Err(_) => Arguments::Shell(arguments.into()),
    };
    Ok(Instruction { line, name: name.to_uppercase(), arguments })
}
// wb:end
