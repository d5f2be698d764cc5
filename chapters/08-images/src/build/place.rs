//! Where in the Dockerfile an error is.

use std::fmt;

use anyhow::{Error, Result, anyhow};
use parse_dockerfile::Span;

/// An error, and the place of the word that is to blame.
#[derive(Debug)]
struct Placed {
    start: usize,
    error: Error,
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Placed {}

/// Results that can be given a place.
pub trait At<T> {
    /// An error is at this place, unless it has one already.
    fn at(self, span: &Span) -> Result<T>;
}

impl<T> At<T> for Result<T> {
    fn at(self, span: &Span) -> Result<T> {
        self.map_err(|error| match error.is::<Placed>() {
            true => error,
            false => Placed { start: span.start, error }.into(),
        })
    }
}

/// An error of an instruction's with file, line and column, and with the line itself.
pub fn shown<T>(result: Result<T>, file: &str, text: &str, instruction: &Span) -> Result<T> {
    result.at(instruction).map_err(|error| match error.downcast() {
        Ok(Placed { start, error }) => {
            let (line, column, shown) = place(text, start);
            error.context(format!("{file}:{line}:{column}: {shown}"))
        }
        Err(error) => error,
    })
}

/// The same of an error of the library that takes the text apart.
pub fn of_parser(error: &parse_dockerfile::Error, file: &str, text: &str) -> Error {
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    anyhow!("dockerfile parse error: {error}\n{file}:{}:{}: {line}", error.line(), error.column())
}

/// Line and column, counted from 1, and the line.
fn place(text: &str, start: usize) -> (usize, usize, &str) {
    let before = &text[..start];
    let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[begin..].lines().next().unwrap_or_default();
    (before.matches('\n').count() + 1, before[begin..].chars().count() + 1, line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn the_first_place_that_is_given_counts() {
        let text = "FROM a\n\nCOPY ü none /x\r\n";
        assert_eq!(place(text, 0), (1, 1, "FROM a"));
        let fail = || -> Result<()> { bail!("not there") };
        let of_word = shown(fail().at(&(16..20)).at(&(13..15)), "Dockerfile", text, &(8..12)).unwrap_err();
        assert_eq!(format!("{of_word:#}"), "Dockerfile:3:8: COPY ü none /x: not there");
        let of_instruction = shown(fail(), "Dockerfile", text, &(8..12)).unwrap_err();
        assert_eq!(of_instruction.to_string(), "Dockerfile:3:1: COPY ü none /x");
        assert!(shown(Ok(()), "Dockerfile", text, &(8..12)).is_ok());
    }
}
