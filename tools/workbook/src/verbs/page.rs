//! Where the book teaches an exercise.

use std::fmt::{self, Write};

use exercise::Exercise;

use super::table;
use crate::checkout::Checkout;
use crate::exercises;

pub struct Page {
    file: String,
    /// The page's heading, `1.2 UTS namespaces`; empty if the page can't be read.
    heading: String,
    /// The chapter's first page, for its first exercise: there is something to read before.
    chapter: Option<String>,
}

impl Page {
    pub fn find(checkout: &Checkout, exercise: &Exercise) -> Page {
        let file = table::page(exercise);
        let text = std::fs::read_to_string(checkout.path(&file)).unwrap_or_default();
        let first = exercises::all().into_iter().find(|other| other.chapter == exercise.chapter);
        let opens_chapter = first.is_some_and(|first| first.id == exercise.id);
        Page {
            file,
            heading: heading(&text).to_string(),
            chapter: opens_chapter.then(|| format!("book/src/{}/index.md", exercise.chapter)),
        }
    }
}

fn heading(page: &str) -> &str {
    page.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default()
}

impl fmt::Display for Page {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        if let Some(chapter) = &self.chapter {
            write!(out, "{chapter}, and from there to\n       ")?;
        }
        out.write_str(&self.file)?;
        if !self.heading.is_empty() {
            out.write_str("\n       in the book: ")?;
            out.write_str(&self.heading)?;
        }
        out.write_char('\n')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_exercise_of_a_chapter_begins_at_the_chapters_first_page() {
        let checkout = Checkout::find().expect("tests run in a checkout");
        let [first, second] = [0, 1].map(|number| Page::find(&checkout, exercises::all()[number]).to_string());
        assert!(first.starts_with("book/src/01-namespaces/index.md") && first.contains("uts.md"), "{first}");
        assert!(first.contains("in the book: 1.2 UTS namespaces"), "{first}");
        assert!(!second.contains("index.md"), "{second}");
    }

    #[test]
    fn a_heading_is_the_first_line_with_one_mark() {
        assert_eq!(heading("text\n# 1.2 A name\n## more\n"), "1.2 A name");
        assert_eq!(heading(""), "");
    }
}
