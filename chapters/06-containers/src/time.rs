//! Times, as RFC 3339 writes them, in UTC: their letters are in the order of time.

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

/// Now, to the nanosecond, always with nine digits.
pub fn now() -> String {
    format!("{:.9}", Timestamp::now())
}

/// A time that a person writes: RFC 3339, seconds since 1970, or how long ago (`10m`, `1h30m`).
pub fn parse_time(text: &str) -> Result<String> {
    let wrong = || {
        format!(
            "invalid time {text:?}: use 2026-11-28T10:00:00Z, seconds since 1970, or how long ago, such as 10m or 1h30m"
        )
    };
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(format!("{time:.9}"));
    }
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if let (Ok(seconds), true) = (seconds.parse(), fraction.bytes().all(|byte| byte.is_ascii_digit())) {
        let nanos = format!("{fraction:0<9.9}").parse().with_context(wrong)?;
        let time = Timestamp::new(seconds, nanos).with_context(wrong)?;
        return Ok(format!("{time:.9}"));
    }
    let ago: SignedDuration = text.parse().with_context(wrong)?;
    let time = Timestamp::now().checked_sub(ago).with_context(wrong)?;
    Ok(format!("{time:.9}"))
}

/// A time in seconds since 1970.
pub fn seconds_of(time: &str) -> i64 {
    time.parse::<Timestamp>().map_or(0, Timestamp::as_second)
}

/// A time in nanoseconds since 1970.
pub fn nanoseconds_of(time: &str) -> i64 {
    time.parse::<Timestamp>().map_or(0, |time| time.as_nanosecond().try_into().unwrap_or(i64::MAX))
}

/// The same with nanoseconds behind a point, as the Engine API wants times.
pub fn seconds_with_nanos(time: &str) -> String {
    let nanos = time.parse::<Timestamp>().map_or(0, Timestamp::as_nanosecond);
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

/// The time that is so many seconds after 1970 began.
pub fn from_seconds(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// How long ago a time was, as Docker says it: "5 minutes ago" without the "ago".
pub fn ago(time: &str) -> String {
    let Ok(then) = time.parse::<Timestamp>() else { return "unknown".into() };
    human(Timestamp::now().as_second() - then.as_second())
}

fn human(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    match seconds {
        ..1 => "Less than a second".into(),
        1 => "1 second".into(),
        2..60 => format!("{seconds} seconds"),
        60..120 => "About a minute".into(),
        120..3600 if minutes < 46 => format!("{minutes} minutes"),
        _ if hours < 2 => "About an hour".into(),
        _ if hours < 48 => format!("{hours} hours"),
        _ if hours < 24 * 14 => format!("{} days", hours / 24),
        _ if hours < 24 * 60 => format!("{} weeks", hours / 24 / 7),
        _ if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", hours / 24 / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_the_order_of_their_letters() {
        let (a, b) = (now(), now());
        assert!(a <= b && a.len() == "2026-11-28T23:11:17.123456789Z".len(), "{a}");
        assert_eq!(parse_time("2026-11-28T23:11:17Z").unwrap(), "2026-11-28T23:11:17.000000000Z");
        let exact = "2026-11-28T23:11:17.000000042Z";
        assert_eq!(parse_time(&seconds_with_nanos(exact)).unwrap(), exact);
        assert_eq!(parse_time("1795907477").unwrap(), "2026-11-28T23:11:17.000000000Z");
        assert!(parse_time("10m").unwrap() < now());
        assert!(parse_time("yesterday").is_err());
    }

    #[test]
    fn ages_are_dockers() {
        assert_eq!(human(0), "Less than a second");
        assert_eq!([human(59), human(61), human(130)], ["59 seconds", "About a minute", "2 minutes"]);
        assert_eq!([human(4000), human(86_400), human(86_400 * 3)], ["About an hour", "24 hours", "3 days"]);
    }
}
