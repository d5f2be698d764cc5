//! The program around an answer to exercise 2.5. `cargo wb check 2.5` builds it and runs it in the
//! lab.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/minimal_dev.rs"));

/// Arguments: a directory to be made, and whether the root in it is `full` (its dev isn't empty),
/// `empty`, or a `file`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut root = PathBuf::new();
    checked::ready(|| {
        let [place, kind] = &arguments[..] else { anyhow::bail!("two arguments") };
        root = prepare(Path::new(place), kind).context("making the root")?;
        // As an ordinary user's container has it, whoever checks: device nodes can't be made.
        checked::another_users_table()
    });
    checked::returned(answers::minimal_dev::minimal_dev(&root))
}

fn prepare(place: &Path, kind: &str) -> Result<PathBuf> {
    let root = place.join("box");
    fs::create_dir(place)?;
    match kind {
        "file" => fs::write(&root, "no directory")?,
        "full" => {
            fs::create_dir_all(root.join("dev"))?;
            fs::write(root.join("dev/of-the-image"), "")?;
        }
        _ => fs::create_dir(&root)?,
    }
    Ok(root)
}
