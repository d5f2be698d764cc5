//! Which pages there are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// One file of text.
pub struct Page {
    pub path: PathBuf,
    pub text: String,
}

/// The folder that was cloned.
pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap_or_default()
}

/// The pages that this chapter answers for: the README, what comes before chapter 1, and chapter 1.
pub fn of_this_chapter() -> Result<Vec<Page>> {
    let source = checkout().join("book/src");
    let mut paths = vec![checkout().join("README.md")];
    paths.extend(markdown_in(&source)?);
    paths.extend(markdown_in(&source.join("01-namespaces"))?);
    let pages = paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Page { path, text })
    });
    pages.collect()
}

fn markdown_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    Ok(paths)
}

/// mdBook builds only what the summary lists, and says nothing of a page that it leaves out.
pub fn every_page_is_in_the_summary() -> Result<()> {
    let source = checkout().join("book/src");
    let summary = fs::read_to_string(source.join("SUMMARY.md"))?;
    let pages: Vec<_> = of_this_chapter()?.into_iter().map(|page| page.path).collect();
    let left_out: Vec<_> = pages
        .iter()
        .filter_map(|path| path.strip_prefix(&source).ok())
        .filter(|path| *path != Path::new("SUMMARY.md") && !summary.contains(&format!("({})", path.display())))
        .collect();
    ensure!(left_out.is_empty(), "SUMMARY.md leaves out {left_out:?}");
    ensure!(pages.len() > 3, "there are hardly any pages: {pages:?}");
    Ok(())
}
