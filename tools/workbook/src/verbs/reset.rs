//! `cargo wb reset [ID]`: the starter again, the learner's file kept aside.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::named_or_next;
use crate::checkout::Checkout;
use crate::files::write_whole;
use crate::progress::Progress;
use crate::state::{Standing, made_starter};
use crate::{Exit, print};

pub fn run(checkout: &Checkout, id: Option<&str>) -> Result<Exit> {
    let mut progress = Progress::load(checkout)?;
    let exercise = named_or_next(checkout, &progress, id)?;
    let starter = made_starter(checkout, exercise)?;
    let answer = Standing::read(checkout, exercise, &progress)?.answer;
    let file = exercise.file();
    if answer.as_ref() == Some(&starter) {
        print(&format!("{} is the starter already.\n", file.display()))?;
        return Ok(Exit::Well);
    }
    let mut said = String::new();
    if answer.is_some() {
        let kept = std::fs::read(checkout.path(&file)).with_context(|| format!("reading {}", file.display()))?;
        let directory = Path::new(".wb/aside").join(exercise.chapter);
        let aside = free_name(&directory, exercise.name, |place| checkout.path(place).exists());
        write_whole(&checkout.path(&aside), kept)?;
        said = format!("Your file is kept. To have it back:\n    cp {} {}\n", aside.display(), file.display());
    }
    write_whole(&checkout.path(&file), &starter)?;
    progress.forget_failure(exercise);
    progress.save(checkout)?;
    print(&format!("{said}{} is the starter again.\n", file.display()))?;
    Ok(Exit::Well)
}

/// `directory/NAME.1.rs`, or the next number that isn't taken.
fn free_name(directory: &Path, name: &str, taken: impl Fn(&Path) -> bool) -> PathBuf {
    let mut places = (1..).map(|number| directory.join(format!("{name}.{number}.rs")));
    places.find(|place| !taken(place)).expect("numbers don't end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_before_is_never_overwritten() {
        let taken = |place: &Path| place.ends_with("hostname.1.rs") || place.ends_with("hostname.2.rs");
        assert_eq!(free_name(Path::new("aside"), "hostname", taken), Path::new("aside/hostname.3.rs"));
    }
}
