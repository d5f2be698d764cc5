//! What a page shows is real output, ids and all; what differs from run to run is compared by
//! pattern. The patterns of a block stand before its fence, in a comment that no reader sees:
//!
//! ```text
//! <!-- loosely
//! pid {..} is up
//! -->
//! ```
//!
//! `{id}` stands for twelve or more digits of a hexadecimal number, `{n}` for a number, `{..}` for
//! anything. Each pattern is for one line, the next one that fits; all other lines are compared as
//! they are. `...` alone in the output stands for whole lines, for the reader as well.

use std::collections::VecDeque;

use anyhow::{Context, Result, bail};

/// What snapbox takes for anything.
const ANY: &str = "[..]";
const BEGIN: &str = "<!-- loosely";
const END: &str = "-->";

/// How a part of a line that differs is written in a pattern, and what may stand there.
type Place = (&'static str, fn(&str) -> bool);

const PLACES: [Place; 3] = [
    ("{..}", |_| true),
    ("{id}", |text| text.len() >= 12 && text.chars().all(|c| c.is_ascii_hexdigit())),
    ("{n}", |text| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.')),
];

/// The patterns in the comment that ends right before line number `fence` (from 0).
///
/// # Errors
/// If a comment ends there that doesn't begin.
pub(crate) fn patterns(lines: &[&str], fence: usize) -> Result<VecDeque<String>> {
    if fence == 0 || lines[fence - 1].trim() != END {
        return Ok(VecDeque::new());
    }
    let begin = lines[..fence].iter().rposition(|line| line.trim() == BEGIN);
    let begin = begin.with_context(|| format!("line {fence}: a comment before a block begins with `{BEGIN}`"))?;
    Ok(lines[begin + 1..fence - 1].iter().map(ToString::to_string).collect())
}

/// The output with patterns in the place of the lines that fit them; these are taken.
pub(crate) fn loosened(output: &str, patterns: &mut VecDeque<String>) -> String {
    let mut line = |line: &str| match patterns.front().is_some_and(|pattern| fits(pattern, line)) {
        true => elided(&patterns.pop_front().unwrap_or_default()) + "\n",
        false => format!("{line}\n"),
    };
    output.lines().map(&mut line).collect()
}

/// # Errors
/// If a pattern was left: it says nothing about this block.
pub(crate) fn all_used(left: &VecDeque<String>, line: usize) -> Result<()> {
    match left.front() {
        Some(pattern) => bail!("line {line}: no line of the block fits the pattern before it: {pattern}"),
        None => Ok(()),
    }
}

fn elided(pattern: &str) -> String {
    PLACES.iter().fold(pattern.to_string(), |pattern, (place, _)| pattern.replace(place, ANY))
}

/// Whether a line is what a pattern says. One space stands for any number.
fn fits(pattern: &str, line: &str) -> bool {
    fits_narrowed(&narrow(pattern), &narrow(line))
}

fn fits_narrowed(pattern: &str, line: &str) -> bool {
    let first =
        PLACES.iter().chain([&(ANY, PLACES[0].1)]).filter_map(|(name, may)| Some((pattern.find(name)?, *name, may)));
    let Some((place, name, may)) = first.min_by_key(|(place, ..)| *place) else { return pattern == line };
    let Some(rest) = line.strip_prefix(&pattern[..place]) else { return false };
    let after = &pattern[place + name.len()..];
    let ends = rest.char_indices().map(|(end, _)| end).chain([rest.len()]);
    ends.into_iter().any(|end| may(&rest[..end]) && fits_narrowed(after, &rest[end..]))
}

/// One space for many, none at the end.
pub(crate) fn narrow(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// For each line of a page's output that holds an elision, the line that was printed in its place;
/// for authors.
pub(crate) fn real_lines<'a>(expected: &'a str, printed: &'a str) -> Vec<(&'a str, &'a str)> {
    let (expected, printed): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), printed.lines().collect());
    let mut found = Vec::new();
    align(&expected, &printed, &mut found);
    found
}

fn align<'a>(expected: &[&'a str], printed: &[&'a str], found: &mut Vec<(&'a str, &'a str)>) -> bool {
    let Some((first, rest)) = expected.split_first() else { return printed.is_empty() };
    if first.trim() == "..." {
        return (0..=printed.len()).any(|skipped| align(rest, &printed[skipped..], found));
    }
    let Some((line, others)) = printed.split_first() else { return false };
    let before = found.len();
    if first.contains(ANY) {
        found.push((first, line));
    }
    let all = fits(first, line) && align(rest, others, found);
    if !all {
        found.truncate(before);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_one_line_that_fits_it() {
        let page = ["<!-- loosely", "{id}", "pid {n} is up", "-->", "```console"];
        let mut patterns = patterns(&page, 4).expect("a comment");
        let output = "pid 17 is up\n0123456789abcdef\npid 17  is up\npid 18 is up\n";
        let loosened = loosened(output, &mut patterns);
        assert_eq!(loosened, "pid 17 is up\n[..]\npid [..] is up\npid 18 is up\n");
        assert!(all_used(&patterns, 1).is_ok() && all_used(&VecDeque::from(["x".to_string()]), 1).is_err());
        assert!(super::patterns(&page, 2).is_ok_and(|none| none.is_empty()));
        assert!(super::patterns(&["-->", "```console"], 1).is_err());
    }

    #[test]
    fn the_ends_of_a_pattern_are_the_ends_of_the_line() {
        assert!(fits("a {..} c {..}", "a b c d") && fits("{..}", "") && fits("a", "a ") && fits("{n} s", "1.25 s"));
        for (pattern, line) in [("a {..} c", "a b c d"), ("b", "a b"), ("{..}b{..}b", "ab"), ("a", "ab"), ("{n}", "x")]
        {
            assert!(!fits(pattern, line), "{pattern} {line}");
        }
    }

    #[test]
    fn what_was_printed_is_found_behind_whole_lines_that_are_left_out() {
        let found = real_lines("a\n...\npid [..]\nend\n", "a\nx\npid y\npid 17\nend\n");
        assert_eq!(found, [("pid [..]", "pid 17")]);
        assert!(real_lines("pid [..]\n", "pod 7\n").is_empty());
    }
}
