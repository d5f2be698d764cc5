//! Sizes and rates as people write them: Docker's units.

/// `64m`, `1g`, `512k`, `1048576`, `64mb`, `64MiB`: powers of 1024, as in Docker.
pub fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no size: write 512k, 64m, 1g, or bytes");
    let text = text.trim();
    if text.starts_with('-') {
        return Err(format!("{text:?} is negative: a limit is above zero"));
    }
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start().to_ascii_lowercase();
    let power = match unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(&unit) {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return Err(wrong()),
    };
    let factor = 1024u64.pow(power);
    let value = match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(factor),
        Err(_) => {
            let part: f64 = number.parse().map_err(|_| wrong())?;
            let value = part * factor as f64;
            (value.is_finite() && value < u64::MAX as f64).then_some(value as u64)
        }
    };
    match value.filter(|value| i64::try_from(*value).is_ok()) {
        Some(0) => Err(format!("{text:?} is nothing: a limit is above zero")),
        Some(value) => Ok(value),
        None => Err(format!("{text:?} is more than the kernel can count")),
    }
}

/// Bytes as people read them: `64.0M`.
pub fn format_bytes(bytes: u64) -> String {
    let units = ["", "K", "M", "G", "T", "P"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < units.len() {
        (value, unit) = (value / 1024.0, unit + 1);
    }
    if unit == 0 { format!("{bytes}") } else { format!("{value:.1}{}", units[unit]) }
}

/// A count above zero, for rates of operations.
pub fn count(text: &str) -> Result<u64, String> {
    match text.trim().parse() {
        Ok(0) => Err(format!("{text:?} is nothing: a limit is above zero")),
        Ok(count) => Ok(count),
        Err(_) => Err(format!("{text:?} is no whole number above zero")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_dockers() {
        for (text, value) in
            [("64m", 64 << 20), ("64MB", 64 << 20), ("1.5g", 3 << 29), ("512KiB", 512 << 10), ("7", 7), ("7b", 7)]
        {
            assert_eq!(bytes(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_told() {
        for (text, word) in [
            ("64x", "is no size"),
            ("", "is no size"),
            ("m", "is no size"),
            ("1.2.3m", "is no size"),
            ("-1m", "negative"),
            ("0", "above zero"),
            ("0.0000001k", "above zero"),
            ("99999999999999999999p", "can count"),
            ("9000p", "can count"),
        ] {
            assert!(bytes(text).unwrap_err().contains(word), "{text}: {:?}", bytes(text));
        }
    }

    #[test]
    fn sizes_are_shown_short() {
        assert_eq!([512, 1536, 64 << 20].map(format_bytes), ["512", "1.5K", "64.0M"]);
    }
}
