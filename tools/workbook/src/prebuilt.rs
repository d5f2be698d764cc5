//! What came of builds, on disk: answers are built on this machine and judged in the throwaway one,
//! where a compiler is slow.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use exercise::Exercise;

use crate::checks::Checks;
use crate::compile::{Compiled, Executable};
use crate::progress::fingerprint;
use crate::sources::Foreign;

/// Names the directory to a workbook that shall build nothing itself.
pub const VARIABLE: &str = "CORACLE_PREBUILT";

/// Whether this is the workbook in the machine.
pub fn is_in_use() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// What is written of an answer that was built: its fingerprint, what came of it, the file in
/// question, what there is to say.
type Kept = (u64, String, PathBuf, String);

/// Writes one down for the workbook in the machine. The program's file must stay until that one has
/// ended.
pub fn write(directory: &Path, name: &str, answer: &str, compiled: &Compiled) -> Result<()> {
    let none = Path::new("");
    let (outcome, of, text) = match compiled {
        Compiled::Program { executable, warnings } => ("program", executable.path(), warnings.as_str()),
        Compiled::Errors(text) => ("errors", none, text.as_str()),
        Compiled::Failed(text) => ("failed", none, text.as_str()),
        Compiled::Foreign(Foreign::Solution(file)) => ("solution", file.as_path(), ""),
        Compiled::Foreign(Foreign::Other(file)) => ("other", file.as_path(), ""),
    };
    let text = serde_json::to_string(&(fingerprint(answer), outcome, of, text))?;
    let file = file(directory, name);
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
}

/// What the workbook outside has built for us; `None` when we have to build for ourselves.
pub fn read(name: &str, answer: &Path) -> Result<Option<Compiled>> {
    env::var_os(VARIABLE).map(|directory| read_from(Path::new(&directory), name, answer)).transpose()
}

fn read_from(directory: &Path, name: &str, answer: &Path) -> Result<Compiled> {
    let file = file(directory, name);
    let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let kept: Kept = serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))?;
    let (built, outcome, of, text) = kept;
    let now = fs::read_to_string(answer).unwrap_or_default();
    ensure!(fingerprint(&now) == built, "{} was saved meanwhile; check it again", answer.display());
    Ok(match outcome.as_str() {
        "program" => Compiled::Program { executable: Executable::new(of), warnings: text },
        "errors" => Compiled::Errors(text),
        "failed" => Compiled::Failed(text),
        "solution" => Compiled::Foreign(Foreign::Solution(of)),
        "other" => Compiled::Foreign(Foreign::Other(of)),
        _ => bail!("{}: {outcome} is nothing that comes of a build", file.display()),
    })
}

/// Writes down where a chapter's checks are. Their file must stay until the workbook in the machine
/// has ended.
pub fn write_checks(directory: &Path, exercise: &Exercise, checks: &Checks) -> Result<()> {
    let file = file(directory, &exercise.checks());
    let built = match checks {
        Checks::Program(program) => (Some(program), ""),
        Checks::Failed(why) => (None, why.as_str()),
    };
    fs::write(&file, serde_json::to_string(&built)?).with_context(|| format!("writing {}", file.display()))
}

/// The checks that the workbook outside has built; `None` when we have to build them.
pub fn read_checks(exercise: &Exercise) -> Result<Option<Checks>> {
    env::var_os(VARIABLE).map(|directory| read_checks_from(Path::new(&directory), exercise)).transpose()
}

fn read_checks_from(directory: &Path, exercise: &Exercise) -> Result<Checks> {
    let file = file(directory, &exercise.checks());
    let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let built: (Option<PathBuf>, String) =
        serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))?;
    let (program, why_none) = built;
    Ok(program.map_or(Checks::Failed(why_none), Checks::Program))
}

fn file(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_read_back_unless_the_answer_was_saved_meanwhile() {
        let directory = env::temp_dir().join(format!("wb-prebuilt-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a temporary directory");
        let answer = directory.join("answer.rs");
        fs::write(&answer, "one").expect("write");
        write(&directory, "x", "one", &Compiled::Errors("error: …".into())).expect("write");
        assert!(matches!(read_from(&directory, "x", &answer), Ok(Compiled::Errors(text)) if text == "error: …"));
        fs::write(&answer, "two").expect("write");
        assert!(read_from(&directory, "x", &answer).unwrap_err().to_string().contains("saved meanwhile"));
        assert!(read_from(&directory, "never-built", &answer).is_err());
        fs::remove_dir_all(directory).expect("remove");
    }

    #[test]
    fn checks_are_read_back_for_their_own_chapter() {
        let directory = env::temp_dir().join(format!("wb-prebuilt-checks-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a temporary directory");
        let all = crate::exercises::all();
        let (first, last) = (all[0], all[all.len() - 1]);
        let checks = Checks::Program("/t/checks".into());
        write_checks(&directory, first, &checks).expect("write");
        let read = read_checks_from(&directory, first);
        let others = read_checks_from(&directory, last);
        fs::remove_dir_all(directory).expect("remove");
        assert_eq!(read.expect("it was written"), checks);
        assert!(others.is_err());
    }
}
