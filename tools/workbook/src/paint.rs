//! Colour, on a terminal only and never with NO_COLOR.

use std::env;
use std::io::IsTerminal;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_text_is_only_text() {
        assert_eq!(Paint::never().good("passed"), "passed");
        assert_eq!(Paint(true).good("passed"), "\u{1b}[32mpassed\u{1b}[0m");
    }
}
