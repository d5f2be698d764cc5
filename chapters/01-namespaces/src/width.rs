//! Text that fits the columns of a terminal.

/// The text, or its beginning and an ellipsis, in at most `width` letters.
pub fn fitted(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    format!("{}…", text.chars().take(width.saturating_sub(1)).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_and_what_does_not_is_cut() {
        assert_eq!(fitted("/user.slice", 12), "/user.slice");
        assert_eq!(fitted("/user.slice/user-1000.slice", 12), "/user.slice…");
    }
}
