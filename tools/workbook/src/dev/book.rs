//! The book's sources: every page is in the summary, every link leads somewhere, every piece of
//! code that a page includes is there.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use super::markdown::{ids, links};
use crate::checkout::Checkout;
use crate::files::below;

/// The pages, and the problems found so far.
struct Book {
    sources: PathBuf,
    pages: Vec<(PathBuf, String)>,
}

impl Book {
    fn read(checkout: &Checkout) -> Result<Book> {
        let sources = checkout.path("book/src");
        let files = below(&sources).into_iter().filter(|file| file.extension().is_some_and(|e| e == "md"));
        let read = |file: PathBuf| {
            let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
            Ok((file, text))
        };
        Ok(Book { sources, pages: files.map(read).collect::<Result<_>>()? })
    }

    fn name<'a>(&self, file: &'a Path) -> std::path::Display<'a> {
        file.strip_prefix(&self.sources).unwrap_or(file).display()
    }
}

pub fn links_resolve(checkout: &Checkout) -> Result<Vec<String>> {
    let book = Book::read(checkout)?;
    let mut problems = Vec::new();
    for (page, text) in &book.pages {
        for link in links(text) {
            if let Some(problem) = broken(&book, page, text, &link) {
                problems.push(format!("{}: {link}: {problem}", book.name(page)));
            }
        }
    }
    Ok(problems)
}

fn broken(book: &Book, page: &Path, text: &str, link: &str) -> Option<String> {
    let is_elsewhere =
        link.split_once(':').is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric()));
    if is_elsewhere || link.starts_with("{{") {
        return None;
    }
    let (path, fragment) = link.split_once('#').map_or((link, None), |(path, fragment)| (path, Some(fragment)));
    if path.is_empty() {
        return fragment.filter(|id| !ids(text).contains(*id)).map(|_| "no such heading on this page".to_string());
    }
    if path.starts_with('/') {
        return Some("begins with /, which is the site's top and not the book's".into());
    }
    let target = plain(&page.parent().unwrap_or(&book.sources).join(path));
    // A page may be named as it will be called when it is rendered.
    let target = match target.extension() {
        Some(extension) if extension == "html" && !target.exists() => target.with_extension("md"),
        _ => target,
    };
    if !target.starts_with(&book.sources) {
        return Some("leads out of the book: it breaks when the book is published".into());
    }
    if !target.is_file() {
        return Some("there is no such file".into());
    }
    let fragment = fragment?;
    let (_, there) = book.pages.iter().find(|(file, _)| *file == target)?;
    (!ids(there).contains(fragment)).then(|| "no such heading on that page".into())
}

pub fn every_page_is_in_the_summary(checkout: &Checkout) -> Result<Vec<String>> {
    let book = Book::read(checkout)?;
    let summary = book.sources.join("SUMMARY.md");
    let Some((_, text)) = book.pages.iter().find(|(file, _)| *file == summary) else {
        return Ok(vec!["book/src/SUMMARY.md is missing".into()]);
    };
    let listed: Vec<PathBuf> = links(text).iter().map(|link| plain(&book.sources.join(link))).collect();
    let unlisted = book.pages.iter().filter(|(file, _)| *file != summary && !listed.contains(file));
    Ok(unlisted.map(|(file, _)| format!("{} is not in SUMMARY.md", book.name(file))).collect())
}

pub fn includes_exist(checkout: &Checkout) -> Result<Vec<String>> {
    let book = Book::read(checkout)?;
    let mut problems = Vec::new();
    for (page, text) in &book.pages {
        for include in includes(text) {
            let directory = page.parent().unwrap_or(&book.sources);
            if let Some(problem) = missing(directory, include) {
                problems.push(format!("{}: {{{{#include {include}}}}}: {problem}", book.name(page)));
            }
        }
    }
    Ok(problems)
}

/// What stands in `{{#include …}}`, `{{#rustdoc_include …}}` and `{{#playground …}}`, in code
/// blocks above all.
fn includes(page: &str) -> Vec<&str> {
    let pieces = page.match_indices("{{#").filter(|(start, _)| !page[..*start].ends_with('\\'));
    let inside = pieces.filter_map(|(start, _)| page[start + 3..].split_once("}}").map(|(inside, _)| inside.trim()));
    inside
        .filter_map(|inside| inside.split_once(' '))
        .filter_map(|(verb, what)| {
            let known = matches!(verb, "include" | "rustdoc_include" | "playground");
            known.then(|| what.split_whitespace().next()).flatten()
        })
        .collect()
}

/// Why `file`, `file:anchor` or `file:first:last` can't be included.
fn missing(directory: &Path, include: &str) -> Option<String> {
    let (file, part) = include.split_once(':').map_or((include, None), |(file, part)| (file, Some(part)));
    let Ok(text) = fs::read_to_string(plain(&directory.join(file))) else {
        return Some("there is no such file".into());
    };
    part.and_then(|part| missing_part(&text, part))
}

fn missing_part(text: &str, part: &str) -> Option<String> {
    if part.split(':').all(|number| number.is_empty() || number.parse::<usize>().is_ok()) {
        return Some("names lines by number, which move; use an anchor".into());
    }
    let marked = |marker: &str| {
        text.lines().any(|line| {
            let after = line.split_once(marker).map(|(_, after)| after.trim_start());
            after.is_some_and(|after| {
                after.split(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).next() == Some(part)
            })
        })
    };
    match (marked("ANCHOR:"), marked("ANCHOR_END:")) {
        (true, true) => None,
        (true, false) => Some("the anchor has no ANCHOR_END".into()),
        _ => Some("there is no such anchor".into()),
    }
}

/// The path without `.` and `..`, whatever the file system says.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            component => plain.push(component),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_are_found_in_code_and_escaped_ones_are_left() {
        let page =
            "```rust\n{{#include ../a.rs:part}}\n```\n\\{{#include b.rs}} {{#title x}} {{#rustdoc_include c.rs}}";
        assert_eq!(includes(page), ["../a.rs:part", "c.rs"]);
    }

    #[test]
    fn an_anchor_needs_a_beginning_and_an_end() {
        let text = "// ANCHOR: part\ncode\n// ANCHOR_END: part\n// ANCHOR: open\n# ANCHOR: parts\n";
        assert_eq!(missing_part(text, "part"), None);
        assert!(missing_part(text, "open").is_some_and(|problem| problem.contains("ANCHOR_END")));
        assert!(missing_part(text, "par").is_some_and(|problem| problem.contains("no such anchor")));
        assert!(missing_part(text, "3:7").is_some_and(|problem| problem.contains("anchor")));
    }

    /// A book of these pages.
    fn book(name: &str, pages: &[(&str, &str)]) -> Checkout {
        let top = std::env::temp_dir().join(format!("wb-book-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&top);
        for (page, text) in pages {
            crate::files::write_whole(&top.join("book/src").join(page), text).expect("a temporary directory");
        }
        Checkout::open(top)
    }

    #[test]
    fn links_to_nowhere_are_reported_and_good_ones_are_not() {
        let page = "[a](two/b.md) [b](two/b.md#head) [c](#own) [d](https://x.org) [e](c.md) [f](two/b.md#tail) \
                    [g](../../README.md) [h](/abs.md) [i](#none)\n# Own\n";
        let checkout = book("links", &[("one.md", page), ("two/b.md", "# Head\n[back](../one.md#own)\n")]);
        let problems = links_resolve(&checkout).expect("readable");
        let _ = fs::remove_dir_all(checkout.top());
        let starts: Vec<&str> = problems.iter().map(|p| p.split(": ").nth(1).unwrap_or("")).collect();
        assert_eq!(starts, ["c.md", "two/b.md#tail", "../../README.md", "/abs.md", "#none"], "{problems:?}");
    }

    #[test]
    fn a_page_outside_the_summary_is_reported() {
        let checkout =
            book("summary", &[("SUMMARY.md", "- [One](one.md)\n- [Draft]()\n"), ("one.md", ""), ("x/two.md", "")]);
        let problems = every_page_is_in_the_summary(&checkout).expect("readable");
        let _ = fs::remove_dir_all(checkout.top());
        assert_eq!(problems, ["x/two.md is not in SUMMARY.md"]);
    }
}
