//! What an exercise is: data, which each chapter's package of exercises registers with these types.
//!
//! `cargo wb` lists and explains exercises, and answers are built, with nothing but this crate. How an answer is judged is a
//! program of its own (`checker`), built when something is checked.

use std::fmt;
use std::path::{Path, PathBuf};

/// One exercise, as its chapter's package registers it.
#[derive(Debug)]
pub struct Exercise {
    /// Chapter and number, as `1.1`.
    pub id: &'static str,
    /// Name of the learner's file and of the program that includes it, without `.rs`.
    pub name: &'static str,
    /// What one will have made, in a few words.
    pub title: &'static str,
    pub kind: Kind,
    /// The folder under `exercises/` and `solutions/`, as `01-namespaces`; its package is `exercises-` and this.
    pub chapter: &'static str,
    /// The page to read before, relative to `book/src`.
    pub page: &'static str,
    /// What to give to `mydocker` to see the answer at work, as `run sh`; empty where it has no place there.
    pub shown_by: &'static str,
    /// From a nudge to nearly the answer.
    pub hints: &'static [&'static str],
    /// The mistakes that its check recognizes.
    pub mistakes: &'static [Mistake],
}

/// Registers a chapter's exercises, in the order of the book: `EXERCISES`, and with the feature `checks` also `CHECKS`. For each
/// there is a module of that name with `EXERCISE` and `check::check`: one without a check doesn't compile.
#[macro_export]
macro_rules! exercises {
    ($($name:ident),+ $(,)?) => {
        /// In the order of the book.
        pub const EXERCISES: &[&$crate::Exercise] = &[$(&$name::EXERCISE),+];

        /// How each of them is judged.
        #[cfg(feature = "checks")]
        pub const CHECKS: &[checker::Check] = &[$(checker::Check::new(&$name::EXERCISE, $name::check::check)),+];
    };
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

/// A mistake that learners make, recognized by what the kernel shows, never by an answer's text.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Names it in `--format json` and in the header of the wrong answer that proves it, as `renamed-the-host`.
    pub id: &'static str,
    /// One sentence: what happened.
    pub what: &'static str,
    /// Why, and where to look; not the line to write.
    pub why: &'static str,
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

    /// The folder of wrong answers that prove the diagnoses; relative to the checkout.
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
}
