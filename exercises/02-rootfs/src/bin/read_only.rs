//! The program around an answer to exercise 2.6a. `cargo wb check 2.6a` builds it and runs it in
//! the lab.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use given::checked;
use nix::mount::{MsFlags, mount};

include!(concat!(env!("OUT_DIR"), "/read_only.rs"));

/// Arguments: a directory to be made, and what is at the source in it: a `plain` directory; one
/// with a mount `below` it; the same with flags that are `locked`; a `file`; or it is `missing`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let place = Path::new(arguments.first().map_or("", String::as_str));
    let (source, target) = (place.join("source"), place.join("target"));
    checked::ready(|| {
        let [_, kind] = &arguments[..] else { anyhow::bail!("two arguments") };
        prepare(place, &source, &target, kind)
    });
    checked::returned(answers::read_only::bind_read_only(&source, &target))
}

fn prepare(place: &Path, source: &Path, target: &Path, kind: &str) -> Result<()> {
    checked::private_table()?;
    fs::create_dir(place).context("making a directory")?;
    // Its own file system, so that the lab's own isn't made read-only with it.
    tmpfs(place, MsFlags::empty())?;
    if kind == "file" {
        return fs::write(source, "").and_then(|()| fs::write(target, "")).context("writing files");
    }
    fs::create_dir(target).context("making a directory")?;
    if kind == "missing" {
        return Ok(());
    }
    fs::create_dir(source).context("making a directory")?;
    if kind == "locked" {
        tmpfs(source, MsFlags::MS_NOSUID)?;
    }
    if kind != "plain" {
        let below = source.join("below");
        fs::create_dir(&below).context("making a directory")?;
        tmpfs(&below, MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC)?;
    }
    if kind == "locked" { checked::another_users_table() } else { Ok(()) }
}

fn tmpfs(at: &Path, flags: MsFlags) -> Result<()> {
    mount(Some("given"), at, Some("tmpfs"), flags, None::<&str>)
        .with_context(|| format!("mounting a tmpfs on {}", at.display()))
}
