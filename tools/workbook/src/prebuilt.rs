//! What came of builds, on disk: answers are built on this machine and judged in the throwaway one, where a compiler is slow.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use exercise::Exercise;
use serde::{Deserialize, Serialize};

use crate::checks::Checks;
use crate::compile::{Compiled, Executable};
use crate::progress::fingerprint;
use crate::sources::Foreign;

/// Names the folder to a workbook that shall build nothing itself.
pub const VARIABLE: &str = "CORACLE_PREBUILT";

/// Whether this is the workbook in the machine.
pub fn is_in_use() -> bool {
    env::var_os(VARIABLE).is_some()
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Of the answer that was built.
    fingerprint: u64,
    outcome: Outcome,
}

#[derive(Debug, Serialize, Deserialize)]
enum Outcome {
    Program { executable: PathBuf, warnings: String },
    Errors(String),
    Failed(String),
    Solution(PathBuf),
    Other(PathBuf),
}

/// Writes one down for the workbook in the machine. The program's file must stay until that one has ended.
pub fn write(folder: &Path, name: &str, answer: &str, compiled: &Compiled) -> Result<()> {
    let outcome = match compiled {
        Compiled::Program { executable, warnings } => {
            Outcome::Program { executable: executable.path().to_path_buf(), warnings: warnings.clone() }
        }
        Compiled::Errors(text) => Outcome::Errors(text.clone()),
        Compiled::Failed(text) => Outcome::Failed(text.clone()),
        Compiled::Foreign(Foreign::Solution(file)) => Outcome::Solution(file.clone()),
        Compiled::Foreign(Foreign::Other(file)) => Outcome::Other(file.clone()),
    };
    let text = serde_json::to_string(&Kept { fingerprint: fingerprint(answer), outcome })?;
    let file = file(folder, name);
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
}

/// What the workbook outside has built for us; `None` when we have to build for ourselves.
pub fn read(name: &str, answer: &Path) -> Result<Option<Compiled>> {
    env::var_os(VARIABLE).map(|folder| read_from(Path::new(&folder), name, answer)).transpose()
}

fn read_from(folder: &Path, name: &str, answer: &Path) -> Result<Compiled> {
    let file = file(folder, name);
    let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let kept: Kept = serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))?;
    let now = fs::read_to_string(answer).unwrap_or_default();
    ensure!(fingerprint(&now) == kept.fingerprint, "{} was saved meanwhile; check it again", answer.display());
    Ok(match kept.outcome {
        Outcome::Program { executable, warnings } => {
            Compiled::Program { executable: Executable::at(executable), warnings }
        }
        Outcome::Errors(text) => Compiled::Errors(text),
        Outcome::Failed(text) => Compiled::Failed(text),
        Outcome::Solution(file) => Compiled::Foreign(Foreign::Solution(file)),
        Outcome::Other(file) => Compiled::Foreign(Foreign::Other(file)),
    })
}

/// Writes down where a chapter's checks are. Their file must stay until the workbook in the machine has ended.
pub fn write_checks(folder: &Path, exercise: &Exercise, checks: &Checks) -> Result<()> {
    let file = file(folder, &exercise.checks());
    fs::write(&file, serde_json::to_string(checks)?).with_context(|| format!("writing {}", file.display()))
}

/// The checks that the workbook outside has built; `None` when we have to build them.
pub fn read_checks(exercise: &Exercise) -> Result<Option<Checks>> {
    env::var_os(VARIABLE).map(|folder| read_checks_from(Path::new(&folder), exercise)).transpose()
}

fn read_checks_from(folder: &Path, exercise: &Exercise) -> Result<Checks> {
    let file = file(folder, &exercise.checks());
    let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_read_back_unless_the_answer_was_saved_meanwhile() {
        let folder = env::temp_dir().join(format!("wb-prebuilt-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        let answer = folder.join("answer.rs");
        fs::write(&answer, "one").expect("write");
        write(&folder, "x", "one", &Compiled::Errors("error: …".into())).expect("write");
        assert!(matches!(read_from(&folder, "x", &answer), Ok(Compiled::Errors(text)) if text == "error: …"));
        fs::write(&answer, "two").expect("write");
        assert!(read_from(&folder, "x", &answer).unwrap_err().to_string().contains("saved meanwhile"));
        assert!(read_from(&folder, "never-built", &answer).is_err());
        fs::remove_dir_all(folder).expect("remove");
    }

    #[test]
    fn checks_are_read_back_for_their_own_chapter() {
        let folder = env::temp_dir().join(format!("wb-prebuilt-checks-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        let all = crate::exercises::all();
        let (first, last) = (all[0], all[all.len() - 1]);
        let checks = Checks::Program("/t/checks".into());
        write_checks(&folder, first, &checks).expect("write");
        let read = read_checks_from(&folder, first);
        let others = read_checks_from(&folder, last);
        fs::remove_dir_all(folder).expect("remove");
        assert_eq!(read.expect("it was written"), checks);
        assert!(others.is_err());
    }
}
