//! The program around an answer to exercise 4.3b. `cargo wb check 4.3b` builds it and runs it in
//! the lab.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::checked;
use nix::sys::stat::{Mode, SFlag, mknod};

include!(concat!(env!("OUT_DIR"), "/deleted_secret.rs"));

/// Arguments: a directory to be made, with layers in it; and how the file is deleted: by a
/// whiteout, of the `file`, or of its `parent`; in an `opaque` directory; `twice`: two layers have
/// it; or `never`: none has.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let place = PathBuf::from(arguments.first().map_or("", String::as_str));
    let layers = ["0", "1", "2"].map(|layer| place.join(layer));
    // The image has it where the host has one, too.
    let deleted = place.join("secret/key");
    checked::ready(|| {
        let [_, case] = &arguments[..] else { anyhow::bail!("two arguments") };
        prepare(&place, &layers, case).context("making layers")
    });
    let result = answers::deleted_secret::recover(&layers, &deleted);
    let written = result.and_then(|bytes| fs::write(place.join("recovered"), bytes).context("writing what was found"));
    checked::returned(written);
}

fn prepare(place: &Path, layers: &[PathBuf; 3], case: &str) -> Result<()> {
    let [lowest, middle, top] = layers.each_ref().map(|layer| {
        let inside = place.strip_prefix("/").unwrap_or(place);
        layer.join(inside).join("secret")
    });
    for directory in [&place.join("secret"), &lowest, &middle] {
        fs::create_dir_all(directory)?;
    }
    fs::create_dir_all(top.parent().context("it has one")?)?;
    fs::write(place.join("secret/key"), "the host's")?;
    fs::write(middle.join("other"), "of no interest")?;
    if case != "never" {
        fs::write(lowest.join("key"), random()?)?;
    }
    if case == "twice" {
        fs::write(middle.join("key"), random()?)?;
    }
    if case == "parent" {
        return Ok(mknod(&top, SFlag::S_IFCHR, Mode::empty(), 0)?);
    }
    fs::create_dir(&top)?;
    match case {
        "opaque" => given::set_attribute(&top, "user.overlay.opaque", b"y").context("it takes Linux 6.6 in the lab"),
        _ => Ok(mknod(&top.join("key"), SFlag::S_IFCHR, Mode::empty(), 0)?),
    }
}

/// As a number, since a key may be no text.
fn random() -> Result<String> {
    use std::io::Read;
    let mut bytes = [0; 8];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("key {:x}", u64::from_ne_bytes(bytes)))
}
