//! Colour, on a terminal only (or where CLICOLOR_FORCE says that one is behind the pipe) and never
//! with NO_COLOR.

use std::env;
use std::io::IsTerminal;

/// Paints or doesn't.
#[derive(Debug, Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// For what is printed on stdout. NO_COLOR counts when it isn't empty (no-color.org),
    /// CLICOLOR_FORCE also when it isn't 0 (bixense.com/clicolors).
    pub fn for_stdout() -> Paint {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let forced = is_set("CLICOLOR_FORCE") && env::var_os("CLICOLOR_FORCE").is_none_or(|value| value != "0");
        let dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        Paint(!is_set("NO_COLOR") && (forced || std::io::stdout().is_terminal() && !dumb))
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
