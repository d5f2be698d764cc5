//! The program around an answer to exercise 2.1. `cargo wb check 2.1` builds it and runs it in the
//! lab.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use given::checked;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

include!(concat!(env!("OUT_DIR"), "/private_mounts.rs"));

/// Argument: a directory of the host's, to be made; or "nobody", to be somebody whom the kernel
/// refuses.
fn main() {
    let word = std::env::args().nth(1).unwrap_or_default();
    let place = Path::new(&word);
    checked::ready(|| if word == "nobody" { checked::as_somebody(1000, 1000, false) } else { prepare(place) });
    let result = answers::private_mounts::private_mounts();
    if result.is_ok() && word != "nobody" {
        // What can't be done is seen from outside: the mounts aren't there.
        if let Err(error) = act_as_a_container(place) {
            eprintln!("after the function had returned: {error:#}");
        }
    }
    checked::returned(result)
}

/// On the host: a mount, and another one in it.
fn prepare(place: &Path) -> Result<()> {
    let inner = place.join("hosts");
    fs::create_dir(place).context("making a directory")?;
    tmpfs("host", place)?;
    fs::create_dir(&inner).and_then(|()| fs::create_dir(place.join("containers"))).context("making directories")?;
    tmpfs("host", &inner)
}

/// It mounts something, and takes away what it has of the host's.
fn act_as_a_container(place: &Path) -> Result<()> {
    tmpfs("container", &place.join("containers"))?;
    umount2(&place.join("hosts"), MntFlags::MNT_DETACH).context("unmounting")
}

fn tmpfs(source: &str, at: &Path) -> Result<()> {
    mount(Some(source), at, Some("tmpfs"), MsFlags::empty(), None::<&str>)
        .with_context(|| format!("mounting a tmpfs on {}", at.display()))
}
