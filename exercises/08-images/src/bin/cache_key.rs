//! The program around an answer to exercise 8.5a. `cargo wb check 8.5a` builds it and runs it in
//! the lab.

use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/cache_key.rs"));

/// Arguments, for each pair of calls: parent, instruction and files of both. Are the keys the same?
fn main() {
    let inputs: Vec<String> = std::env::args().skip(1).collect();
    checked::answers(&inputs, |words| {
        let [parent, instruction, files, other_parent, other_instruction, other_files] = words[..] else {
            bail!("six words")
        };
        let one = key(parent, instruction, files, Path::new("/tmp/context"))?;
        let other = key(other_parent, other_instruction, other_files, Path::new("/tmp/another/context"))?;
        Ok(if one == other { "the same key" } else { "another key" }.into())
    })
}

fn key(parent: &str, instruction: &str, files: &str, place: &Path) -> Result<String> {
    let _ = fs::remove_dir_all(place);
    match files {
        "" => return answers::cache_key::key(parent, instruction, None),
        "missing" => {}
        files => make(place, files).context("making files").unwrap_or_else(|error| checked::blocked(&error)),
    }
    answers::cache_key::key(parent, instruction, Some(place))
}

/// Files as `f PATH MODE TIME CONTENT`, `d PATH`, `l PATH TARGET`, with `|` between them.
fn make(place: &Path, files: &str) -> Result<()> {
    fs::create_dir_all(place)?;
    for file in files.split('|') {
        let words: Vec<&str> = file.split(' ').collect();
        let path = place.join(words[1]);
        match words[..] {
            ["f", _, mode, time, content] => {
                fs::write(&path, content)?;
                fs::set_permissions(&path, Permissions::from_mode(u32::from_str_radix(mode, 8)?))?;
                let time = UNIX_EPOCH + Duration::from_secs(time.parse()?);
                File::open(&path)?.set_times(FileTimes::new().set_modified(time))?;
            }
            ["d", _] => fs::create_dir(&path)?,
            ["l", _, target] => symlink(target, &path)?,
            _ => bail!("{file}"),
        }
    }
    Ok(())
}
