//! The program around an answer to exercise 2.3. `cargo wb check 2.3` builds it and runs it in the
//! lab.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::checked;
use nix::mount::{MsFlags, mount};
use nix::unistd::{chdir, chroot};

include!(concat!(env!("OUT_DIR"), "/chroot_escape.rs"));

/// Arguments: a directory to be made, how many directories deep in it the chroot is, and whether it
/// is `open`, or `closed`: nothing can be made in it.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    checked::ready(|| {
        let [place, depth, kind] = &arguments[..] else { anyhow::bail!("three arguments") };
        lock_up(Path::new(place), depth.parse().context("depth")?, kind == "closed")
    });
    checked::returned(answers::chroot_escape::escape())
}

fn lock_up(place: &Path, depth: usize, closed: bool) -> Result<()> {
    checked::private_table()?;
    let jail: PathBuf = [place.to_path_buf()].into_iter().chain((0..depth).map(|_| PathBuf::from("d"))).collect();
    fs::create_dir_all(&jail).context("making the directories")?;
    fs::write(place.join("secret"), place.as_os_str().as_encoded_bytes()).context("writing the secret")?;
    if closed {
        mount(Some(&jail), &jail, None::<&str>, MsFlags::MS_BIND, None::<&str>).context("binding the chroot")?;
        given::mount_setattr(&jail, 0, libc::MOUNT_ATTR_RDONLY).context("making the chroot read-only")?;
    }
    chroot(&jail).context("chroot")?;
    chdir("/").context("chdir")
}
