//! The program around an answer to exercise 4.7. `cargo wb check 4.7` builds it and runs it in the
//! lab.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use given::checked;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;

include!(concat!(env!("OUT_DIR"), "/copy_layer.rs"));

/// Arguments: a directory to be made, with a layer in it; the value of an attribute; and `there`;
/// `dangling`: with a link to nowhere; or `gone`.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let place = PathBuf::from(arguments.first().map_or("", String::as_str));
    let from = place.join("from");
    checked::ready(|| {
        let [_, value, case] = &arguments[..] else { anyhow::bail!("three arguments") };
        prepare(&place, &from, value).context("making a layer")?;
        match case.as_str() {
            "dangling" => symlink("/nowhere", from.join("dangling")).context("a link"),
            "gone" => fs::remove_dir_all(&from).context("removing it again"),
            _ => Ok(()),
        }
    });
    checked::returned(answers::copy_layer::copy_layer(&from, &place.join("to")));
}

fn prepare(place: &Path, from: &Path, value: &str) -> Result<()> {
    fs::create_dir_all(from.join("srv"))?;
    fs::create_dir(place.join("hosts"))?;
    for file in ["hosts/secret", "from/plain", "from/root", "from/one"] {
        fs::write(place.join(file), "the layer's")?;
    }
    fs::write(place.join("hosts/secret"), "the host's")?;
    fs::hard_link(from.join("one"), from.join("srv/two"))?;
    symlink(place.join("hosts/secret"), from.join("to_file"))?;
    symlink(place.join("hosts"), from.join("srv/to_directory"))?;
    // Only to root: an ordinary user's lab has one id.
    let _ = lchown(from.join("root"), Some(1234), Some(1235));
    let _ = lchown(from.join("to_file"), Some(1234), Some(1235));
    for (file, mode) in [("plain", 0o640), ("root", 0o4755), ("srv", 0o1777)] {
        fs::set_permissions(from.join(file), Permissions::from_mode(mode))?;
    }
    given::set_attribute(&from.join("plain"), "user.note", value.as_bytes())
        .context("/tmp in the lab keeps no attributes of users' own (a tmpfs does since Linux 6.6)")?;
    for (file, time) in [("plain", 978_307_200), ("to_file", 978_307_201), ("srv", 978_307_202), ("one", 978_307_203)] {
        let time = TimeSpec::new(time, 123_456_789);
        utimensat(nix::fcntl::AT_FDCWD, &from.join(file), &time, &time, UtimensatFlags::NoFollowSymlink)?;
    }
    Ok(())
}
