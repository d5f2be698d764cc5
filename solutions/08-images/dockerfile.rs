//! Exercise 8.4: a Dockerfile's instructions.
//!
//! Take the text of a Dockerfile apart. The rules are below and on the page; check with `cargo wb
//! check 8.4`.

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
    // todo!("first whole instructions from lines, then each into its parts")
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
