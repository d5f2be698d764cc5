//! Lines that fit a terminal.

/// How wide a paragraph gets, in characters: as a terminal is at first.
pub const WIDTH: usize = 80;

/// `text` in lines of at most `WIDTH` characters, each begun with `indent`. A word that is longer
/// gets a line of its own. Braces are one word with what is in them and before them: they are code.
pub fn paragraph(text: &str, indent: &str) -> String {
    let room = WIDTH.saturating_sub(indent.chars().count());
    let mut lines = vec![String::new()];
    for word in words(text) {
        let word = word.as_str();
        let line = lines.last_mut().expect("it begins with one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_string());
        }
    }
    lines.iter().map(|line| format!("{indent}{line}\n")).collect()
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = 0;
    for word in text.split_whitespace() {
        match words.last_mut().filter(|_| open > 0 || word.starts_with('{')) {
            Some(code) => *code = format!("{code} {word}"),
            None => words.push(word.into()),
        }
        open += word.matches('{').count();
        open = open.saturating_sub(word.matches('}').count());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_braces_stays_on_one_line() {
        let text = format!("{} ForkResult::Parent {{ child }} in the one", "x".repeat(WIDTH - 20));
        assert_eq!(paragraph(&text, "").lines().nth(1), Some("ForkResult::Parent { child } in the one"));
        // One that is never closed harms nothing.
        assert_eq!(paragraph("a { b", ""), "a { b\n");
    }

    #[test]
    fn a_paragraph_keeps_within_its_width_and_loses_no_word() {
        let text = "one two three ".repeat(30);
        let wrapped = paragraph(&text, "    ");
        assert!(wrapped.lines().all(|line| line.chars().count() <= WIDTH && line.starts_with("    ")));
        assert_eq!(wrapped.split_whitespace().count(), 90);
    }

    #[test]
    fn a_word_that_is_too_long_is_kept_whole() {
        let word = "x".repeat(2 * WIDTH);
        assert_eq!(paragraph(&format!("a {word} b"), ""), format!("a\n{word}\nb\n"));
    }
}
