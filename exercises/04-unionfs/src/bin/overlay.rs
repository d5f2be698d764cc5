//! The program around an answer to exercise 4.2. `cargo wb check 4.2` builds it and runs it in the
//! lab.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/overlay.rs"));

/// Arguments: a directory to be made, with layers in it; what the topmost layer's file says; and
/// how: `plain`; as root of a user namespace (`user`); with `odd` names; or with a `missing` layer.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut place = PathBuf::new();
    checked::ready(|| {
        let [at, text, case] = &arguments[..] else { anyhow::bail!("three arguments") };
        checked::private_table()?;
        place = PathBuf::from(at);
        prepare(&place, text).context("making layers")?;
        if case == "missing" {
            fs::remove_dir_all(place.join("low")).context("removing a layer")?;
        }
        if case == "user" { checked::another_users_table() } else { Ok(()) }
    });
    let layers = [place.join("low"), place.join("high")];
    let target = place.join("merged");
    let result = answers::overlay::mount_overlay(&layers, &place.join("upper"), &place.join("work"), &target);
    if result.is_ok() {
        // Each tries, whatever became of the others: it is seen from outside.
        for done in [write(&target), delete(&target), replace(&target)] {
            if let Err(error) = done {
                eprintln!("in the union, after the function had returned: {error:#}");
            }
        }
    }
    checked::returned(result)
}

fn prepare(place: &Path, text: &str) -> Result<()> {
    for directory in ["low/docs", "high", "upper", "work", "merged"] {
        fs::create_dir_all(place.join(directory))?;
    }
    for (file, text) in [("low/name", "low"), ("low/port", "80"), ("low/key", "k"), ("low/docs/a", "a")] {
        fs::write(place.join(file), text)?;
    }
    Ok(fs::write(place.join("high/name"), text)?)
}

fn write(union: &Path) -> Result<()> {
    fs::write(union.join("port"), "8080").context("writing to a file of the lowest layer")
}

fn delete(union: &Path) -> Result<()> {
    fs::remove_file(union.join("key")).context("deleting a file of the lowest layer")
}

fn replace(union: &Path) -> Result<()> {
    let docs = union.join("docs");
    fs::remove_dir_all(&docs).context("deleting a directory of the lowest layer")?;
    fs::create_dir(&docs).context("making one of the same name")?;
    fs::write(docs.join("c"), "c").context("writing in it")
}
