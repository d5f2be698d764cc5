//! The program around an answer to exercise 6.5b. `cargo wb check 6.5b` builds it and runs it in
//! the lab.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use given::checked;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{chdir, pivot_root};

include!(concat!(env!("OUT_DIR"), "/leaked.rs"));

/// The file that is on the host, and another one of the same name in the container.
const NAME: &str = "secret";

/// Arguments: a directory to be made; `attack`, `leaked` or a working directory; the secret; and
/// how many files are open before the one that is left open.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let prepared = || -> Result<Vec<File>> {
        let [place, _, secret, more] = &arguments[..] else { bail!("four arguments") };
        prepare(Path::new(place), secret, more.parse()?)
    };
    let open = prepared().unwrap_or_else(|error| checked::blocked(&error));
    let leaked = open.last().map_or(0, AsRawFd::as_raw_fd);
    match arguments[1].as_str() {
        "attack" => checked::answers(&[NAME.into()], |words| {
            answers::leaked::read_outside(words[0]).map(|text| text.trim().into())
        }),
        word => {
            let directory =
                PathBuf::from(if word == "leaked" { format!("/proc/self/fd/{leaked}") } else { word.into() });
            if let Err(error) = symlink(format!("/proc/self/fd/{leaked}"), "/link") {
                checked::blocked(&error.into());
            }
            checked::ready(|| Ok(()));
            checked::returned(answers::leaked::work_in(&directory))
        }
    }
}

/// A container, entered as `run` does it, in which some files are left open: the last one is a
/// directory of the host's.
fn prepare(place: &Path, secret: &str, more: usize) -> Result<Vec<File>> {
    checked::private_table()?;
    let (image, host) = (place.join("image"), place.join("host"));
    fs::create_dir_all(image.join("srv/data")).and_then(|()| fs::create_dir_all(host.join("run")))?;
    fs::write(host.join(NAME), secret)?;
    mount(Some(&image), &image, None::<&str>, MsFlags::MS_BIND, None::<&str>).context("binding the image on itself")?;
    given::mount_proc(&image)?;
    fs::write(image.join("srv").join(NAME), "the container's")?;
    let mut open = Vec::new();
    for _ in 0..more {
        open.push(left_open(File::open(host.join(NAME))?)?);
    }
    // One that harms nobody.
    open.push(left_open(File::open(image.join("srv/data"))?)?);
    open.push(left_open(File::open(host.join("run"))?)?);
    chdir(&image).context("chdir")?;
    pivot_root(".", ".").context("pivot_root")?;
    umount2(".", MntFlags::MNT_DETACH).context("umount2")?;
    chdir("/").context("chdir")?;
    Ok(open)
}

/// As a program in C opens files: an exec doesn't close it.
fn left_open(file: File) -> Result<File> {
    let none = nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty());
    nix::fcntl::fcntl(&file, none).context("fcntl(F_SETFD)")?;
    Ok(file)
}
