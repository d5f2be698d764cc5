//! The program around an answer to exercise 4.5. `cargo wb check 4.5` builds it and runs it in the
//! lab.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::checked;
use nix::mount::{MsFlags, mount, umount};
use nix::sys::stat::{Mode, SFlag, mknod};

include!(concat!(env!("OUT_DIR"), "/changes.rs"));

/// Arguments: a directory to be made, with two layers and a container's upper directory in it; the
/// name of a new file; and `gone`, if the upper directory is to be removed again.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let place = PathBuf::from(arguments.first().map_or("", String::as_str));
    let [low, high, upper] = ["low", "high", "upper"].map(|name| place.join(name));
    checked::ready(|| {
        let [_, note, case] = &arguments[..] else { anyhow::bail!("three arguments") };
        checked::private_table()?;
        prepare(&place, note).context("making layers")?;
        if case == "gone" { fs::remove_dir_all(&upper).context("removing the upper directory") } else { Ok(()) }
    });
    let result = answers::changes::changes(&[low, high], &upper);
    // Whatever it is: it is read from outside.
    let lines = result.map(|changes| changes.iter().map(|change| format!("{change}\n")).collect::<String>());
    checked::returned(lines.and_then(|lines| fs::write(place.join("changes"), lines).context("writing them")));
}

/// The kernel itself makes them: one layer on another, and on both a container's directory.
fn prepare(place: &Path, note: &str) -> Result<()> {
    let (union, low) = (place.join("union"), place.join("low"));
    for directory in ["high", "upper", "work/1", "work/2", "union"] {
        fs::create_dir_all(place.join(directory))?;
    }
    for directory in ["etc", "srv/docs", "srv/was_dir", "usr/lib", "usr/share", "opt/gone"] {
        fs::create_dir_all(low.join(directory))?;
    }
    for file in ["etc/port", "etc/name", "etc/mode", "srv/docs/a", "srv/docs/b", "srv/old", "srv/was_dir/x"] {
        fs::write(low.join(file), "low")?;
    }
    for file in ["usr/lib/opened", "usr/share/text", "opt/gone/x"] {
        fs::write(low.join(file), "low")?;
    }

    unite(place, "low", "high", "work/1")?;
    fs::remove_file(union.join("etc/name"))?;
    fs::remove_dir_all(union.join("opt/gone"))?;
    anew(&union.join("srv/docs"), "c")?;
    umount(&union)?;

    unite(place, "high:low", "upper", "work/2")?;
    fs::write(union.join("etc/port"), "8080")?;
    fs::write(union.join("etc/name"), "again")?;
    fs::write(union.join("etc").join(note), "")?;
    fs::set_permissions(union.join("etc/mode"), Permissions::from_mode(0o600))?;
    fs::remove_file(union.join("srv/old"))?;
    anew(&union.join("srv/docs"), "d")?;
    fs::remove_dir_all(union.join("srv/was_dir"))?;
    fs::write(union.join("srv/was_dir"), "a file now")?;
    fs::create_dir_all(union.join("new/dir"))?;
    fs::write(union.join("new/dir/inner"), "")?;
    // In place, so that no directory above has another time.
    OpenOptions::new().append(true).open(union.join("usr/lib/opened"))?;
    fs::write(union.join("usr/share/text"), "longer than it was")?;
    umount(&union)?;
    // As overlayfs leaves one where a layer has been exchanged since.
    Ok(mknod(&place.join("upper/etc/never"), SFlag::S_IFCHR, Mode::empty(), 0)?)
}

/// A directory, deleted and made again, with one file in it.
fn anew(directory: &Path, file: &str) -> Result<()> {
    fs::remove_dir_all(directory)?;
    fs::create_dir(directory)?;
    Ok(fs::write(directory.join(file), "")?)
}

fn unite(place: &Path, lower: &str, upper: &str, work: &str) -> Result<()> {
    std::env::set_current_dir(place)?;
    let options = format!("userxattr,lowerdir={lower},upperdir={upper},workdir={work}");
    mount(Some("overlay"), &place.join("union"), Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .with_context(|| format!("mounting {options}"))
}
