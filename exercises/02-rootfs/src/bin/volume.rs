//! The program around an answer to exercise 2.6b. `cargo wb check 2.6b` builds it and runs it in
//! the lab.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/volume.rs"));

/// Arguments: a directory to be made, with an image in it; and a target in the image.
fn main() {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    checked::ready(|| {
        let [place, _] = &arguments[..] else { anyhow::bail!("two arguments") };
        checked::private_table()?;
        make_the_image(place).context("making the image")
    });
    let (place, target) = (&arguments[0], &arguments[1]);
    let result = answers::volume::target_in_root(&place.join("image"), target);
    // Where it goes to is seen from outside.
    if let Ok(at) = &result
        && let Err(error) = given::bind(&place.join("volume"), at)
    {
        eprintln!("after the function had returned: {error:#}");
    }
    // It stays open until that has been seen, too.
    let (_open, result) = match result {
        Ok(at) => (Some(at), Ok(())),
        Err(error) => (None, Err(error)),
    };
    checked::returned(result)
}

/// A stranger's: what its links lead to is in the image as well as on the host, under the same
/// path.
fn make_the_image(place: &Path) -> Result<()> {
    let image = place.join("image");
    let within = image.join(place.strip_prefix("/")?);
    for directory in [
        place.join("volume"),
        place.join("outside"),
        place.join("secret"),
        image.join("srv/data"),
        within.join("outside"),
    ] {
        fs::create_dir_all(directory)?;
    }
    fs::write(image.join("srv/file"), "")?;
    symlink(place.join("outside"), image.join("absolute"))?;
    symlink(Path::new("../../../../../../..").join(place.strip_prefix("/")?).join("outside"), image.join("srv/dots"))?;
    symlink(place, image.join("middle"))?;
    // To something that only the host has.
    symlink(place.join("secret"), image.join("nowhere"))?;
    Ok(())
}
