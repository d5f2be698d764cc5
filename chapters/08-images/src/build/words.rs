//! Words of an instruction: variables, quotes, pairs, and patterns for files.

use anyhow::{Result, bail, ensure};

/// How deep `${A:-${B:-…}}` may be nested: each level is a call.
const MOST_NESTED: usize = 64;

// ANCHOR: expand
/// Replaces `$NAME`, `${NAME}`, `${NAME:-otherwise}` and `${NAME:+instead}`, and takes quotes and
/// backslashes away, as the Dockerfile reference says ("Environment replacement"). Between single
/// quotes nothing is replaced.
pub fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    expand_nested(text, lookup, 0)
}

fn expand_nested(text: &str, lookup: &dyn Fn(&str) -> Option<String>, nested: usize) -> Result<String> {
    ensure!(nested <= MOST_NESTED, "variables are nested deeper than {MOST_NESTED} levels");
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', quote) if quote != Some('\'') => match chars.next() {
                Some(next) if quote.is_none() || matches!(next, '"' | '\\' | '$') => out.push(next),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            ('$', quote) if quote != Some('\'') => {
                let mut inner = String::new();
                if chars.next_if_eq(&'{').is_some() {
                    let mut depth = 1;
                    for c in chars.by_ref() {
                        depth += i32::from(c == '{') - i32::from(c == '}');
                        if depth == 0 {
                            break;
                        }
                        inner.push(c);
                    }
                    if depth != 0 {
                        bail!("a }} is missing in {text:?}");
                    }
                    out.push_str(&braced(&inner, lookup, nested)?);
                } else {
                    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                        inner.push(c);
                    }
                    match inner.is_empty() {
                        true => out.push('$'),
                        false => out.push_str(&lookup(&inner).unwrap_or_default()),
                    }
                }
            }
            (c, _) => out.push(c),
        }
    }
    if let Some(open) = quote {
        bail!("a closing {open} is missing in {text:?}");
    }
    Ok(out)
}
// ANCHOR_END: expand

fn braced(inner: &str, lookup: &dyn Fn(&str) -> Option<String>, nested: usize) -> Result<String> {
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    let value = lookup(name).filter(|value| !value.is_empty());
    match rest.get(..2) {
        _ if rest.is_empty() => Ok(value.unwrap_or_default()),
        Some(":-") => value.map_or_else(|| expand_nested(&rest[2..], lookup, nested + 1), Ok),
        Some(":+") => value.map_or_else(|| Ok(String::new()), |_| expand_nested(&rest[2..], lookup, nested + 1)),
        _ => bail!("${{{inner}}} is not supported: there are ${{NAME}}, ${{NAME:-otherwise}} and ${{NAME:+instead}}"),
    }
}

/// Splits at white space outside of quotes; the quotes stay.
pub fn split(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, None) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            ('\\', _) => {
                word.push(c);
                word.extend(chars.next());
                continue;
            }
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// `NAME=VALUE NAME="VALUE"`, or the old form `NAME VALUE WITH SPACES`.
pub fn pairs(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(String, String)>> {
    let words = split(text);
    let first = words.first().map(String::as_str).unwrap_or_default();
    if !first.contains('=') {
        let (name, value) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        if value.is_empty() {
            bail!("{name:?} needs a value: NAME=VALUE");
        }
        return Ok(vec![(name.into(), expand(value.trim(), lookup)?)]);
    }
    let pair = |word: &String| match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((expand(name, lookup)?, expand(value, lookup)?)),
        _ => bail!("{word:?} is not NAME=VALUE"),
    };
    words.iter().map(pair).collect()
}

// ANCHOR: matches
/// Whether a path matches a pattern: `*` and `?` within a name, `[a-z]`, `**` for any number of
/// names.
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts_match(&pattern, &path)
}
// ANCHOR_END: matches

fn parts_match(pattern: &[&str], path: &[&str]) -> bool {
    fits(pattern, path, |part| *part == "**", |part, name| name_matches(part, name))
}

/// One step of a pattern for a name.
enum Step {
    Any,
    One,
    OneOf(Vec<char>),
    This(char),
}

fn name_matches(pattern: &str, name: &str) -> bool {
    let (mut steps, mut letters) = (Vec::new(), pattern.chars());
    while let Some(letter) = letters.next() {
        steps.push(match letter {
            '*' => Step::Any,
            '?' => Step::One,
            '[' => match letters.as_str().split_once(']') {
                Some((set, rest)) => {
                    letters = rest.chars();
                    Step::OneOf(set.chars().collect())
                }
                // What has no end has nothing in it.
                None => Step::OneOf(Vec::new()),
            },
            letter => Step::This(letter),
        });
    }
    let name: Vec<char> = name.chars().collect();
    let fits_letter = |step: &Step, letter: &char| match step {
        Step::Any | Step::One => true,
        Step::This(this) => this == letter,
        Step::OneOf(set) => {
            let is_range = |three: &[char]| three[1] == '-' && three[0] <= *letter && *letter <= three[2];
            set.contains(letter) || set.windows(3).any(is_range)
        }
    };
    fits(&steps, &name, |step| matches!(step, Step::Any), fits_letter)
}

// ANCHOR: fits
/// Whether items match steps, of which some take any number of items and the others one. Only the
/// last of the former is tried again with one item more: the earlier ones took enough to get this
/// far. (Trying them all takes exponential time, and the pattern comes from a stranger.)
fn fits<S, T>(steps: &[S], items: &[T], takes_any: impl Fn(&S) -> bool, takes_one: impl Fn(&S, &T) -> bool) -> bool {
    let (mut step, mut item, mut last) = (0, 0, None);
    while item < items.len() {
        match (steps.get(step), last) {
            (Some(any), _) if takes_any(any) => {
                step += 1;
                last = Some((step, item));
            }
            (Some(one), _) if takes_one(one, &items[item]) => (step, item) = (step + 1, item + 1),
            (_, Some((after, taken))) => {
                (step, item) = (after, taken + 1);
                last = Some((after, item));
            }
            (_, None) => return false,
        }
    }
    steps[step..].iter().all(takes_any)
}
// ANCHOR_END: fits

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        (name == "A").then(|| "1".into())
    }

    #[test]
    fn variables_are_replaced_and_quotes_taken_away() {
        for (text, expected) in [
            ("$A-${A}", "1-1"),
            ("${B:-x$A}", "x1"),
            ("${A:+y}${B:+z}", "y"),
            ("'$A' \"$A\"", "$A 1"),
            (r"\$A a\ b", "$A a b"),
            ("$", "$"),
            ("$B.", "."),
        ] {
            assert_eq!(expand(text, &lookup).unwrap(), expected, "{text}");
        }
        assert!(
            expand("${A", &lookup).is_err() && expand("'a", &lookup).is_err() && expand("${A%x}", &lookup).is_err()
        );
    }

    #[test]
    fn pairs_have_two_forms() {
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(pairs("a=1 b=\"x y\"", &lookup).unwrap(), [pair("a", "1"), pair("b", "x y")]);
        assert_eq!(pairs("a some words", &lookup).unwrap(), [pair("a", "some words")]);
        assert!(pairs("a=1 b", &lookup).is_err() && pairs("a", &lookup).is_err());
    }

    #[test]
    fn patterns_stay_within_a_name_unless_they_say_otherwise() {
        for (pattern, path) in [("*.txt", "a.txt"), ("**/x", "a/b/x"), ("**/x", "x"), ("a?c", "abc"), ("[a-c]z", "bz")]
        {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [("*.txt", "d/a.txt"), ("a", "a/b"), ("[a-c]z", "dz"), ("*", "a/b")] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn a_pattern_with_many_stars_is_decided_at_once() {
        let (name, path) = ("a".repeat(200), ["a"; 200].join("/"));
        assert!(!matches(&"*a".repeat(60), &format!("{name}b")));
        assert!(matches(&format!("{}*", "*a".repeat(60)), &format!("{name}b")));
        assert!(!matches(&format!("{}b", "**/a/".repeat(60)), &path));
        assert!(matches(&format!("{}a", "**/a/".repeat(60)), &path));
    }

    #[test]
    fn nested_variables_end_somewhere() {
        let nested = |levels: usize| format!("{}x{}", "${A:-".repeat(levels), "}".repeat(levels));
        assert_eq!(expand(&nested(MOST_NESTED), &|_| None).unwrap(), "x");
        assert!(expand(&nested(10_000), &|_| None).unwrap_err().to_string().contains("nested"));
    }
}
