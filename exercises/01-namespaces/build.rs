//! Registers exercises by their files. `src/NAME.rs` declares one, and `src/bin/NAME.rs` is the
//! program around its answer. This writes
//!
//! - `exercises.rs`, which `lib.rs` includes: each declaration as a module, and lists of all;
//! - `NAME.rs`, which the program includes: the answer, `NAME.rs` beside this package's
//!   `Cargo.toml`, or the file that `CORACLE_ANSWER` names (a solution, a wrong answer, a copy).

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=CORACLE_ANSWER");
    // Set by .cargo/config.toml: in a copy of a checkout that was built, it is another one.
    println!("cargo::rerun-if-env-changed=CORACLE_TOP");
    println!("cargo::rerun-if-changed=src/bin");
    let (here, out) = (directory("CARGO_MANIFEST_DIR"), directory("OUT_DIR"));
    let other = env::var_os("CORACLE_ANSWER").filter(|path| !path.is_empty()).map(PathBuf::from);
    let mut names = Vec::new();
    for program in fs::read_dir(here.join("src/bin"))? {
        let file = program?.file_name();
        names.extend(Path::new(&file).file_stem().and_then(|name| name.to_str()).map(str::to_string));
    }
    names.sort();

    for name in &names {
        let answer = other.clone().unwrap_or_else(|| here.join(name).with_extension("rs"));
        // cargo goes by times, and a file that is moved into place keeps its old one: `cargo wb` names the
        // text as well.
        let fingerprint = "const _: Option<&str> = option_env!(\"CORACLE_FINGERPRINT\");";
        // The same path as in mydocker, so that what compiles here does so there.
        let text = format!("{fingerprint}\nmod answers {{\n    #[path = {answer:?}]\n    pub mod {name};\n}}\n");
        write_if_new(&out.join(name).with_extension("rs"), &text)?;
    }
    write_if_new(&out.join("exercises.rs"), &declarations(&names, &here.join("src")))
}

fn declarations(names: &[String], sources: &Path) -> String {
    let mut text = String::new();
    for name in names {
        let _ = writeln!(text, "#[path = {:?}]\nmod {name};", sources.join(name).with_extension("rs"));
    }
    let list = |each: &dyn Fn(&String) -> String| names.iter().map(each).collect::<Vec<_>>().join(", ");
    let exercises = list(&|name| format!("&{name}::EXERCISE"));
    let checks = list(&|name| format!("checker::Check::new(&{name}::EXERCISE, {name}::check::check)"));
    let _ = write!(
        text,
        "/// In no order; `Exercise::place` is that of the book.
pub const EXERCISES: &[&exercise::Exercise] = &[{exercises}];
/// How each of them is judged.
#[cfg(feature = \"checks\")]
pub const CHECKS: &[checker::Check] = &[{checks}];
"
    );
    text
}

fn directory(variable: &str) -> PathBuf {
    env::var_os(variable).map(PathBuf::from).expect("cargo sets it for every build script")
}

/// A file that stays as it is keeps its time, and what includes it isn't built again.
fn write_if_new(file: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(file).is_ok_and(|old| old == text) { Ok(()) } else { fs::write(file, text) }
}
