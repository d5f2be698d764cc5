//! What an exercise is: data, which each chapter's package of exercises registers with these types.
//!
//! `cargo wb` lists and explains exercises, and answers are built, with nothing but this crate. How
//! an answer is judged is a program of its own (`checker`), built when something is checked.

use std::fmt;
use std::path::{Path, PathBuf};

mod mistake;

pub use mistake::{ANOTHER_USER_NAMESPACE, BARE_ERRNO, Mistake};

/// One exercise, as its chapter's package registers it.
#[derive(Debug)]
pub struct Exercise {
    /// The number of its page, as `1.2`; with a letter where a page has two, as `1.3a`.
    pub id: &'static str,
    /// Name of the learner's file and of the program that includes it, without `.rs`.
    pub name: &'static str,
    /// What one will have made, in a few words.
    pub title: &'static str,
    pub kind: Kind,
    /// How long it takes somebody who has read its page, about.
    pub minutes: u32,
    pub difficulty: Difficulty,
    /// The directory under `exercises/` and `solutions/`, as `01-namespaces`; its package is
    /// `exercises-` and this.
    pub chapter: &'static str,
    /// The page to read before, relative to `book/src`.
    pub page: &'static str,
    /// What to give to `mydocker` to see the answer at work, as `run sh`; empty where it has no
    /// place there.
    pub shown_by: &'static str,
    /// Whether its check needs control groups that may be changed, which an ordinary user has only
    /// where they are delegated.
    pub needs_cgroups: bool,
    /// From a nudge to nearly the answer.
    pub hints: &'static [&'static str],
    /// The mistakes that its check recognizes.
    pub mistakes: &'static [Mistake],
}

/// What the learner does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Write a piece of `mydocker`.
    Build,
    /// Write an attack.
    Break,
    /// Find the defect.
    Repair,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.pad(match self {
            Kind::Build => "build",
            Kind::Break => "break",
            Kind::Repair => "repair",
        })
    }
}

/// How hard it is, among the exercises of the workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difficulty {
    /// A few calls, in the right order.
    Easy,
    /// Several steps, or a fact that is easily overlooked.
    Medium,
    /// Processes that run at the same time, or a path that somebody else chose.
    Hard,
}

impl fmt::Display for Difficulty {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.pad(match self {
            Difficulty::Easy => "easy",
            Difficulty::Medium => "medium",
            Difficulty::Hard => "hard",
        })
    }
}

impl Exercise {
    /// The learner's file, relative to the checkout.
    pub fn file(&self) -> PathBuf {
        Path::new("exercises").join(self.chapter).join(self.name).with_extension("rs")
    }

    /// The solution, from which the starter is made; relative to the checkout.
    pub fn solution(&self) -> PathBuf {
        Path::new("solutions").join(self.chapter).join(self.name).with_extension("rs")
    }

    /// Where it is declared; relative to the checkout.
    pub fn declaration(&self) -> PathBuf {
        Path::new("exercises").join(self.chapter).join("src").join(self.name).with_extension("rs")
    }

    /// Its number without the letter.
    pub fn page_number(&self) -> &'static str {
        self.id.trim_end_matches(|last: char| last.is_ascii_lowercase())
    }

    /// The directory of wrong answers that prove the diagnoses; relative to the checkout.
    pub fn wrong_answers(&self) -> PathBuf {
        Path::new("solutions").join(self.chapter).join("wrong").join(self.name)
    }

    /// The package that builds the answer, and the checks.
    pub fn package(&self) -> String {
        format!("exercises-{}", self.chapter)
    }

    /// The program of its package that judges answers.
    pub fn checks(&self) -> String {
        format!("checks-{}", self.chapter)
    }

    /// Whether `asked`, as typed, means this exercise: its id or its name.
    pub fn is_called(&self, asked: &str) -> bool {
        asked == self.id || asked == self.name
    }

    /// Chapter, page and letter: the order of the book. (As text, 1.10 would come before 1.2.)
    pub fn place(&self) -> (u32, u32, &'static str) {
        let (chapter, rest) = self.id.split_once('.').unwrap_or((self.id, ""));
        let letter = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        (chapter.parse().unwrap_or(u32::MAX), rest[..letter].parse().unwrap_or(u32::MAX), &rest[letter..])
    }
}
