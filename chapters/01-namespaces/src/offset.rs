//! How far a clock is moved: `+1d`, `-2h30m`, `90`.

use std::str::FromStr;

/// A number of seconds, forwards or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// Negative is back in time.
    pub seconds: i64,
}

impl FromStr for Offset {
    type Err = String;

    fn from_str(text: &str) -> Result<Offset, String> {
        let wrong = || format!("{text:?} is no offset: a sign, then numbers with d, h, m or s, as +1d or -2h30m");
        let (sign, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest.is_empty() {
            return Err(wrong());
        }
        let mut seconds: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            let (number, unit) = rest.split_at(digits);
            let factor = match unit.chars().next() {
                Some('d') => 86_400,
                Some('h') => 3600,
                Some('m') => 60,
                Some('s') | None => 1,
                Some(_) => return Err(wrong()),
            };
            let number: i64 = number.parse().map_err(|_| wrong())?;
            seconds = number.checked_mul(factor).and_then(|more| seconds.checked_add(more)).ok_or_else(wrong)?;
            rest = unit.get(1..).unwrap_or("");
        }
        Ok(Offset { seconds: sign * seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        let seconds = |text: &str| text.parse::<Offset>().unwrap().seconds;
        assert_eq!([seconds("+1d"), seconds("-2h30m"), seconds("90"), seconds("90s")], [86_400, -9000, 90, 90]);
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        for text in ["", "+", "1w", "d", "1.5h", "999999999999999999d"] {
            assert!(text.parse::<Offset>().unwrap_err().contains("+1d"), "{text:?}");
        }
    }
}
