//! The narration names sections of the book.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::Chapter;

/// Every section that the chapter's `steps.rs` names is the title of a page.
pub fn the_sections_that_the_narration_names_are_pages(chapter: &Chapter) -> Result<()> {
    let steps = Path::new(chapter.directory).join("src/steps.rs");
    if !steps.exists() {
        return Ok(()); // A chapter that narrates nothing new.
    }
    let steps = fs::read_to_string(&steps).with_context(|| format!("cannot read {}", steps.display()))?;
    let begin = format!("{}.", chapter.number());
    let named: Vec<_> = steps
        .split('"')
        .filter(|text| text.starts_with(&begin) && text.contains(' '))
        .map(|text| format!("# {text}"))
        .collect();
    // A later chapter narrates what is new in it, which may be a single call.
    ensure!(!named.is_empty(), "no section is named");
    let pages = chapter.pages()?;
    let titles: Vec<_> = pages.iter().filter_map(|page| page.text.lines().next()).collect();
    let lost: Vec<_> = named.iter().filter(|title| !titles.contains(&title.as_str())).collect();
    ensure!(lost.is_empty(), "no page has the title {lost:?}");
    Ok(())
}
