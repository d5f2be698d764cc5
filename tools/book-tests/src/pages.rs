//! Which pages there are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// A chapter, as its tests know it: see [`chapter!`](crate::chapter).
#[derive(Debug, Clone, Copy)]
pub struct Chapter {
    /// Its crate's directory, whose name is that of its pages' directory as well.
    pub directory: &'static str,
    /// Its package, as `cargo run -p` takes it.
    pub package: &'static str,
    /// Its program, built.
    pub program: &'static str,
    /// Programs that its pages type besides what every Linux has.
    pub needs: &'static [&'static str],
}

/// One file of text.
#[derive(Debug)]
pub struct Page {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

impl Chapter {
    /// The directory that was cloned.
    pub fn checkout(&self) -> PathBuf {
        Path::new(self.directory).join("../..").canonicalize().unwrap_or_default()
    }

    /// `02-rootfs`
    fn name(&self) -> &str {
        Path::new(self.directory).file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// `2`
    pub fn number(&self) -> &str {
        self.name().split('-').next().unwrap_or_default().trim_start_matches('0')
    }

    /// Whether it answers for what belongs to no chapter.
    pub fn is_first(&self) -> bool {
        self.number() == "1"
    }

    /// The pages that this chapter answers for: its own; the first chapter's are also those that
    /// belong to all.
    pub fn pages(&self) -> Result<Vec<Page>> {
        let mut pages = if self.is_first() { self.shared_pages()? } else { Vec::new() };
        pages.extend(read(markdown_in(&self.checkout().join("book/src").join(self.name()))?)?);
        Ok(pages)
    }

    /// The README, the introduction, the appendices.
    pub fn shared_pages(&self) -> Result<Vec<Page>> {
        let mut paths = vec![self.checkout().join("README.md")];
        paths.extend(markdown_in(&self.checkout().join("book/src"))?);
        read(paths)
    }
}

fn read(paths: Vec<PathBuf>) -> Result<Vec<Page>> {
    let pages = paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Page { path, text })
    });
    pages.collect()
}

fn markdown_in(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    Ok(paths)
}

/// mdBook builds only what the summary lists, and says nothing of a page that it leaves out.
pub fn every_page_is_in_the_summary(chapter: &Chapter) -> Result<()> {
    let source = chapter.checkout().join("book/src");
    let summary = fs::read_to_string(source.join("SUMMARY.md"))?;
    let pages: Vec<_> = chapter.pages()?.into_iter().map(|page| page.path).collect();
    let left_out: Vec<_> = pages
        .iter()
        .filter_map(|path| path.strip_prefix(&source).ok())
        .filter(|path| *path != Path::new("SUMMARY.md") && !summary.contains(&format!("({})", path.display())))
        .collect();
    ensure!(left_out.is_empty(), "SUMMARY.md leaves out {left_out:?}");
    ensure!(pages.len() > 3, "there are hardly any pages: {pages:?}");
    Ok(())
}

/// Readers see real output; what differs is compared by a pattern that they don't see (`loosely`).
pub fn no_page_shows_an_elision(chapter: &Chapter) -> Result<()> {
    let pages = chapter.pages()?;
    let shown: Vec<String> = pages
        .iter()
        .flat_map(|page| page.text.lines().map(move |line| (page, line)))
        .filter(|(_, line)| line.contains("[..]"))
        .map(|(page, line)| format!("{}: {line}", page.path.display()))
        .collect();
    ensure!(
        shown.is_empty(),
        "these lines show an elision; run with CORACLE_BOOK_REAL=1 to get the real ones:\n{}",
        shown.join("\n")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chapter_is_numbered_by_its_directory() {
        let chapter = Chapter { directory: "/x/chapters/02-rootfs", package: "", program: "", needs: &[] };
        assert_eq!((chapter.name(), chapter.number(), chapter.is_first()), ("02-rootfs", "2", false));
    }
}
