//! Mutants that no check notices, and that may live: `solutions/mutants.txt` says of each why.

use anyhow::{Context, Result, bail};

use crate::checkout::Checkout;
use crate::exercises;
use crate::files::read_if_there;

/// Relative to the checkout.
pub const FILE: &str = "solutions/mutants.txt";

/// One that may live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The exercise's.
    id: String,
    /// What was changed, as it is printed behind the place.
    what: String,
    /// In lines, as they are in the file.
    pub why: Vec<String>,
}

/// Those that haven't been met yet.
#[derive(Debug)]
pub struct Explained(Vec<Entry>);

impl Explained {
    pub fn read(checkout: &Checkout) -> Result<Explained> {
        let text = read_if_there(&checkout.path(FILE))?.unwrap_or_default();
        let explained = Explained::parse(&text).with_context(|| format!("reading {FILE}"))?;
        for entry in &explained.0 {
            exercises::find(&entry.id).with_context(|| format!("in {FILE}"))?;
        }
        Ok(explained)
    }

    /// `ID: WHAT`, and in the lines below, indented, why; lines with a # are for the reader.
    pub fn parse(text: &str) -> Result<Explained> {
        let mut entries: Vec<Entry> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            match (line.strip_prefix("    "), entries.last_mut()) {
                (Some(why), Some(entry)) => entry.why.push(why.trim().to_string()),
                (Some(_), None) => bail!("a reason without a mutant: {line}"),
                (None, _) => {
                    let (id, what) = line.split_once(": ").with_context(|| format!("not `ID: WHAT`: {line}"))?;
                    entries.push(Entry { id: id.into(), what: what.trim().into(), why: Vec::new() });
                }
            }
        }
        match entries.iter().find(|entry| entry.why.is_empty()) {
            Some(entry) => bail!("no reason is given for {}: {}", entry.id, entry.what),
            None => Ok(Explained(entries)),
        }
    }

    /// The entry for a survivor. Each explains one: of two alike, two have to be explained.
    pub fn take(&mut self, id: &str, what: &str) -> Option<Entry> {
        let found = self.0.iter().position(|entry| entry.id == id && entry.what == what)?;
        Some(self.0.remove(found))
    }

    /// What is said of an exercise's mutants that are noticed now, or aren't made any more.
    pub fn left(&self, id: &str, tried: impl Fn(&str) -> bool) -> Vec<&str> {
        let of_it = self.0.iter().filter(|entry| entry.id == id && tried(&entry.what));
        of_it.map(|entry| entry.what.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# for the reader\n\n3.5: left out: sleep(x);\n    It is the same,\n    only quicker.\n3.7: replace < with <= in f\n    By a moment.\n3.7: replace < with <= in f\n    The other one.\n";

    #[test]
    fn each_entry_explains_one_survivor_and_the_rest_is_left() {
        let mut explained = Explained::parse(TEXT).expect("three entries");
        let why = explained.take("3.5", "left out: sleep(x);").map(|entry| entry.why);
        assert_eq!(why, Some(vec!["It is the same,".to_string(), "only quicker.".to_string()]));
        assert_eq!(explained.take("3.5", "left out: sleep(x);"), None);
        assert_eq!(explained.take("3.5", "replace < with <= in f"), None);
        assert!(explained.take("3.7", "replace < with <= in f").is_some());
        assert_eq!(explained.left("3.7", |_| true), ["replace < with <= in f"]);
        assert!(explained.left("3.7", |what| what.starts_with("left out")).is_empty());
        assert!(explained.left("3.5", |_| true).is_empty());
    }

    #[test]
    fn what_has_no_reason_is_refused() {
        assert!(Explained::parse("3.5: left out: x\n3.6: y\n    why\n").is_err());
        assert!(Explained::parse("    why\n").is_err());
        assert!(Explained::parse("nonsense\n").is_err());
    }
}
