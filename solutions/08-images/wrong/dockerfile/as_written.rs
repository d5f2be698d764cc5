//! diagnosis: as-written
//! made by: who writes capitals.

use anyhow::{Result, bail, ensure};
use given::{Arguments, Instruction};

pub fn instructions(text: &str) -> Result<Vec<Instruction>> {
    let escape = escape_of(text.lines().next().unwrap_or_default());
    let mut found = Vec::new();
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
}

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
    Ok(Instruction { line, name: name.into(), arguments })
}
