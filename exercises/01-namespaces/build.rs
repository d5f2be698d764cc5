//! Tells each program in `programs/` which file its answer is: the one of the same name here, or the one that
//! `CORACLE_ANSWER` names (a solution, a wrong answer, a copy).

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=CORACLE_ANSWER");
    println!("cargo::rerun-if-changed=programs");
    let (here, out) = (folder("CARGO_MANIFEST_DIR"), folder("OUT_DIR"));
    let other = env::var_os("CORACLE_ANSWER").filter(|path| !path.is_empty()).map(PathBuf::from);
    for program in fs::read_dir(here.join("programs"))? {
        let name = program?.file_name();
        let answer = other.clone().unwrap_or_else(|| here.join(&name));
        // The same path as in mydocker, so that what compiles here does so there.
        let module = Path::new(&name).file_stem().unwrap_or_default().display();
        // cargo goes by times, and a file that is moved into place keeps its old one: `cargo wb` names the text as well.
        let fingerprint = "const _: Option<&str> = option_env!(\"CORACLE_FINGERPRINT\");";
        let text = format!("{fingerprint}\nmod answers {{\n    #[path = {answer:?}]\n    pub mod {module};\n}}\n");
        write_if_new(&out.join(&name), &text)?;
    }
    Ok(())
}

fn folder(variable: &str) -> PathBuf {
    env::var_os(variable).map(PathBuf::from).expect("cargo sets it for every build script")
}

/// A file that stays as it is keeps its time, and what includes it isn't built again.
fn write_if_new(file: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(file).is_ok_and(|old| old == text) { Ok(()) } else { fs::write(file, text) }
}
