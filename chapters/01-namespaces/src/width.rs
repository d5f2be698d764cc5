//! Text for a terminal: as wide as its columns, and without power over it.

/// The text, or its beginning and an ellipsis, in at most `width` letters.
pub fn fitted(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    format!("{}…", text.chars().take(width.saturating_sub(1)).collect::<String>())
}

// ANCHOR: visible
/// The text with its control characters made visible. Names, labels and commands are somebody
/// else's: an escape sequence in them moves the cursor, rewrites what is above, or makes the
/// terminal type for the reader (console_codes(4)).
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_control() && letter != '\t' {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    shown
}
// ANCHOR_END: visible

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_moves_the_cursor() {
        assert_eq!(visible("a\u{1b}[2J\r\nb\t\u{9b}c \u{e9}"), "a\\u{1b}[2J\\r\\nb\t\\u{9b}c \u{e9}");
    }

    #[test]
    fn what_fits_stays_and_what_does_not_is_cut() {
        assert_eq!(fitted("/user.slice", 12), "/user.slice");
        assert_eq!(fitted("/user.slice/user-1000.slice", 12), "/user.slice…");
    }
}
