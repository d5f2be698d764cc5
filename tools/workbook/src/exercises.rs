//! All exercises, in the order of the book.

use std::fmt;

use anyhow::Result;
use exercise::Exercise;

pub fn all() -> Vec<&'static Exercise> {
    let chapters = [
        exercises_01_namespaces::EXERCISES,
        exercises_02_rootfs::EXERCISES,
        exercises_03_cgroups::EXERCISES,
        exercises_04_unionfs::EXERCISES,
        exercises_05_network::EXERCISES,
        exercises_06_containers::EXERCISES,
        exercises_07_daemon::EXERCISES,
        exercises_08_images::EXERCISES,
    ];
    let mut all = chapters.concat();
    all.sort_by_key(|exercise| exercise.place());
    all
}

/// The exercise that `asked` names, by id or by name.
pub fn find(asked: &str) -> Result<&'static Exercise> {
    match all().into_iter().find(|exercise| exercise.is_called(asked)) {
        Some(exercise) => Ok(exercise),
        None => Err(Unknown(asked.into()).into()),
    }
}

/// The error of a command line that names what isn't there.
#[derive(Debug)]
pub struct Unknown(String);

impl fmt::Display for Unknown {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "there is no exercise \"{}\"", self.0)?;
        if let Some(near) =
            all().into_iter().find(|exercise| is_near(&self.0, exercise.id) || is_near(&self.0, exercise.name))
        {
            write!(out, "; did you mean {} {}?", near.id, near.name)?;
        }
        out.write_str("\nAll that there are: cargo wb check")
    }
}

impl std::error::Error for Unknown {}

/// The error of a command line that names no exercise when there is no next one.
#[derive(Debug)]
pub struct NoneIsNext;

impl fmt::Display for NoneIsNext {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("every exercise has passed; name the one that you mean\nAll that there are: cargo wb check")
    }
}

impl std::error::Error for NoneIsNext {}

/// One letter wrong, left out or too many.
fn is_near(typed: &str, name: &str) -> bool {
    let (typed, name): (Vec<char>, Vec<char>) = (typed.chars().collect(), name.chars().collect());
    let before = typed.iter().zip(&name).take_while(|(a, b)| a == b).count();
    let after = typed[before..].iter().rev().zip(name[before..].iter().rev()).take_while(|(a, b)| a == b).count();
    typed.len().max(name.len()) - before - after <= 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_exercise_is_found_by_id_and_by_name_and_no_other_way() {
        assert_eq!(find("1.2").map(|exercise| exercise.name).ok(), Some("hostname"));
        assert_eq!(find("hostname").map(|exercise| exercise.id).ok(), Some("1.2"));
        for (typo, meant) in [("hostnam", "1.2 hostname"), ("hostnane", "1.2 hostname"), ("1.l", "1.2 hostname")] {
            assert!(
                find(typo).is_err_and(|error| error.to_string().contains(&format!("did you mean {meant}?"))),
                "{typo}"
            );
        }
        assert!(find("host").is_err_and(|error| !error.to_string().contains("did you mean")));
    }

    #[test]
    fn ids_and_names_are_unique() {
        let ids: BTreeSet<_> = all().iter().map(|exercise| exercise.id).collect();
        let names: BTreeSet<_> = all().iter().map(|exercise| exercise.name).collect();
        assert_eq!((ids.len(), names.len()), (all().len(), all().len()));
    }
}
