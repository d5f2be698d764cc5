//! Colour, on a terminal only and never with NO_COLOR; and lines that fit.

use std::env;
use std::io::IsTerminal;

/// How wide a paragraph gets, in characters.
pub const WIDTH: usize = 80;

/// Paints or doesn't.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// For what is printed on stdout. NO_COLOR counts when it isn't empty (no-color.org).
    pub fn for_stdout() -> Paint {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Paint(std::io::stdout().is_terminal() && !unwanted && !dumb)
    }

    #[cfg(test)]
    pub fn never() -> Paint {
        Paint(false)
    }

    pub fn is_on(self) -> bool {
        self.0
    }

    pub fn good(self, text: impl AsRef<str>) -> String {
        self.with("32", text.as_ref())
    }

    pub fn bad(self, text: impl AsRef<str>) -> String {
        self.with("31", text.as_ref())
    }

    pub fn strong(self, text: impl AsRef<str>) -> String {
        self.with("1", text.as_ref())
    }

    pub fn faint(self, text: impl AsRef<str>) -> String {
        self.with("2", text.as_ref())
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// `text` in lines of at most `WIDTH` characters, each begun with `indent`. A word that is longer gets a line of its own.
pub fn paragraph(text: &str, indent: &str) -> String {
    let room = WIDTH.saturating_sub(indent.chars().count());
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
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

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn without_colour_text_is_only_text() {
        assert_eq!(Paint::never().good("passed"), "passed");
        assert_eq!(Paint(true).good("passed"), "\u{1b}[32mpassed\u{1b}[0m");
    }
}
