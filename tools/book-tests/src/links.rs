//! What pages point to: code by anchor, files, other pages and their headings. mdBook leaves most
//! of it unchecked: an anchor that doesn't exist gives an empty listing.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::{Chapter, Page};

/// The parts of `text` between `open` and the next `close`.
fn between<'a>(text: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close).map(|(part, _)| part))
}

/// Whether a file has a beginning and an end for an anchor, with something between them.
fn has_anchor(text: &str, anchor: &str) -> bool {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let place = |kind: &str| lines.iter().position(|line| line.ends_with(&format!("{kind}: {anchor}")));
    matches!((place("ANCHOR"), place("ANCHOR_END")), (Some(begin), Some(end)) if begin + 1 < end)
}

/// The ids of a page's headings: mdBook lowers the letters, keeps letters, digits, `_` and `-`, and
/// joins words by `-`.
fn heading_ids(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings.map(heading_id).collect()
}

fn heading_id(heading: &str) -> String {
    let letter = |letter: char| match letter {
        ' ' => Some('-'),
        other if other.is_alphanumeric() || "_-".contains(other) => Some(other.to_ascii_lowercase()),
        _ => None,
    };
    heading.chars().filter_map(letter).collect()
}

/// The text without its fenced blocks and code between backticks, in which brackets are no links.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    });
    lines.map(|line| line.split('`').step_by(2).collect::<Vec<_>>().join("`") + "\n").collect()
}

/// No listing comes out empty.
pub fn every_include_finds_its_file_and_its_anchor(chapter: &Chapter) -> Result<()> {
    let (mut found, mut wrong) = (0, Vec::new());
    for page in chapter.pages()? {
        for target in between(&page.text, "{{#include ", '}') {
            found += 1;
            let (path, anchor) = target.split_once(':').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
            let text = fs::read_to_string(directory_of(&page).join(path)).unwrap_or_default();
            if text.is_empty() || anchor.is_some_and(|anchor| !has_anchor(&text, anchor)) {
                wrong.push(format!("{}: {target}", page.path.display()));
            }
        }
    }
    ensure!(found > 0, "no page includes anything");
    ensure!(wrong.is_empty(), "these includes come out empty:\n{}", wrong.join("\n"));
    Ok(())
}

/// Files, pages, headings.
pub fn every_link_within_the_book_resolves(chapter: &Chapter) -> Result<()> {
    let (mut found, mut wrong) = (0, Vec::new());
    for page in chapter.pages()? {
        let prose = prose(&page.text);
        for target in between(&prose, "](", ')').chain(between(&prose, "src=\"", '"')) {
            if target.contains("://") {
                continue;
            }
            found += 1;
            if !resolves(&page, target) {
                wrong.push(format!("{}: {target}", page.path.display()));
            }
        }
    }
    ensure!(found > 0, "no page links to anything");
    ensure!(wrong.is_empty(), "these links lead nowhere:\n{}", wrong.join("\n"));
    Ok(())
}

fn resolves(page: &Page, target: &str) -> bool {
    let (path, heading) = target.split_once('#').map_or((target, None), |(path, heading)| (path, Some(heading)));
    let path = if path.is_empty() { page.path.clone() } else { directory_of(page).join(path) };
    match heading {
        None => path.exists(),
        Some(id) => fs::read_to_string(path).is_ok_and(|text| heading_ids(&text).iter().any(|known| known == id)),
    }
}

fn directory_of(page: &Page) -> &Path {
    page.path.parent().unwrap_or(&page.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_anchor_is_an_identifier_that_mdbook_would_make() {
        assert_eq!(heading_id("1.2 UTS namespaces"), "12-uts-namespaces");
        assert_eq!(heading_ids("# A\n\n## When it goes wrong\n"), ["a", "when-it-goes-wrong"]);
        assert!(has_anchor("// ANCHOR: a\nx\n// ANCHOR_END: a\n", "a"));
        for text in ["// ANCHOR: ab\nx\n// ANCHOR_END: ab\n", "// ANCHOR: a\n// ANCHOR_END: a\n", "// ANCHOR: a\nx\n"] {
            assert!(!has_anchor(text, "a"), "{text:?}");
        }
        assert_eq!(prose("a `[x](y)` b\n```\n[c](d)\n```\n"), "a ` b\n");
    }
}
