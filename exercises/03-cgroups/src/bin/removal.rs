//! The program around an answer to exercise 3.9. `cargo wb check 3.9` builds it and runs it in the
//! lab.

use std::fs;
use std::io::{PipeWriter, Read, Write, pipe};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use given::{Cgroup, checked};

include!(concat!(env!("OUT_DIR"), "/removal.rs"));

/// Arguments: the container's name; and what is in its groups: they are `empty`, or `nested`; a
/// process in them is `ending`, or `living`; or the first of them is `gone`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let case = arguments.get(1).cloned().unwrap_or_default();
    let given = || -> Result<(Cgroup, Option<PipeWriter>)> {
        let group = Cgroup::place(arguments.first().map_or("", String::as_str))?;
        checked::make_group(&group)?;
        for directory in group.directories() {
            // Somebody else's, beside it.
            fs::create_dir(directory.with_file_name("another")).context("making another group")?;
            if case == "nested" {
                fs::create_dir_all(directory.join("outer/inner")).context("making groups in it")?;
                fs::create_dir(directory.join("second")).context("making groups in it")?;
            }
        }
        let first = group.directories().first().copied();
        if let (Some(first), "gone") = (first, case.as_str()) {
            fs::remove_dir(first).context("removing one")?;
        }
        let inside = matches!(case.as_str(), "ending" | "living").then(|| in_it(&group, case == "ending"));
        let inside = inside.transpose()?;
        Ok((group, inside))
    };
    let (group, inside) = given().unwrap_or_else(|error| checked::blocked(&error));
    checked::ready(|| Ok(()));
    if let Some(mut inside) = inside {
        let _ = inside.write_all(b"x");
    }
    checked::returned(answers::removal::remove(&group))
}

/// Starts a process in the group. When this returns it is in it; it ends soon after it was written
/// to, or it doesn't.
fn in_it(group: &Cgroup, ends: bool) -> Result<PipeWriter> {
    let (mut listens, tell) = pipe().context("a pipe")?;
    checked::start_in(group, move || {
        let _ = listens.read(&mut [0]);
        sleep(if ends { Duration::from_millis(400) } else { Duration::from_secs(60) });
        0
    })?;
    Ok(tell)
}
