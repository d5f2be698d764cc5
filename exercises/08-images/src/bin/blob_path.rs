//! The program around an answer to exercise 8.2b. `cargo wb check 8.2b` builds it and runs it in
//! the lab.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/blob_path.rs"));

/// Arguments, for each call: `attack`, a path and the content of the file there; or `defence` and a
/// digest.
fn main() {
    let inputs: Vec<String> = std::env::args().skip(1).collect();
    checked::answers(&inputs, |words| match words {
        ["attack", target, content] => attack(Path::new(target), content),
        ["defence", digest] => {
            let path = answers::blob_path::blob_path(Path::new("/srv/blobs"), digest)?;
            Ok(path.display().to_string())
        }
        _ => bail!("an attack or a defence"),
    })
}

fn attack(target: &Path, content: &str) -> Result<String> {
    let store = Path::new("/tmp/store");
    fs::create_dir_all(store.join("sha256")).context("making a store")?;
    fs::create_dir_all(target.parent().context("it has one")?).context("making a directory")?;
    fs::write(target, content).context("writing a file")?;
    let digest = answers::blob_path::hostile_digest(target);
    Ok(careless(store, &digest).unwrap_or_else(|error| format!("the store said: {error:#}")))
}

/// As the exercise shows it.
fn careless(store: &Path, digest: &str) -> Result<String> {
    let hex = digest.strip_prefix("sha256:").context("another algorithm")?;
    ensure!(hex.len() == 64, "a digest has 64 digits");
    fs::read_to_string(store.join("sha256").join(hex)).context("no such blob")
}
