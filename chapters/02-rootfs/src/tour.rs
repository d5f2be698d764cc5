//! The tour: what is / before and after, what a write reaches, and why chroot is no jail.

mod escape;
mod scene;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ch01_namespaces::StoreFlags;
use ch01_namespaces::narration::{TourFlags, fitted};
use ch01_namespaces::say;
use serde::{Deserialize, Serialize};

pub use escape::escape;
use scene::Scene;

/// What a process sees as its files.
#[derive(Debug, Serialize, Deserialize)]
struct View {
    entries: Vec<String>,
    mounts: Vec<(String, String)>,
}

impl View {
    fn take() -> Result<View> {
        let mut entries: Vec<_> =
            fs::read_dir("/")?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        entries.sort();
        let mountinfo = fs::read_to_string("/proc/self/mountinfo").context("cannot read /proc/self/mountinfo")?;
        Ok(View { entries, mounts: mounts(&mountinfo) })
    }
}

/// Mount point and file system of each line: proc_pid_mountinfo(5).
fn mounts(mountinfo: &str) -> Vec<(String, String)> {
    let of_line = |line: &str| {
        let (mount, file_system) = line.split_once(" - ")?;
        Some((mount.split(' ').nth(4)?.to_string(), file_system.split(' ').next()?.to_string()))
    };
    mountinfo.lines().filter_map(of_line).collect()
}

/// What the tour runs inside.
pub fn look() -> Result<()> {
    say!("{}", serde_json::to_string(&View::take()?)?);
    Ok(())
}

/// Shows it.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let narration = flags.begin();
    let scene = Scene::set(store)?;

    narration.title("Chapter 2: a root file system of its own")?;
    say!("A mount namespace copies the mount table and nothing else: the files are still");
    say!("the host's. What separates them is a new root. I made one out of this program, a");
    say!(
        "shell and the libraries they need: {} files, {:.1} MB.",
        scene.made.sources.len(),
        scene.made.bytes as f64 / 1e6
    );
    narration.pause()?;

    narration.title("What is /")?;
    let (here, inside) = (View::take()?, scene.view()?);
    say!("  here              {}", as_many_as_fit(&here.entries, 60));
    say!("  in the container  {}", as_many_as_fit(&inside.entries, 60));
    say!("");
    say!("The mount table has {} lines here, {} in the container:", here.mounts.len(), inside.mounts.len());
    say!("");
    for (file_system, places) in by_file_system(&inside.mounts) {
        say!("  {file_system:<10} {}", as_many_as_fit(&places, 66));
    }
    narration.pause()?;

    narration.title("A write")?;
    say!("With a mount namespace alone, a file written inside is a file of the host's:");
    say!("");
    say!("  in the container  echo hello >{}", fitted(&scene.note.display().to_string(), 48));
    scene.write_in_a_mount_namespace_alone()?;
    say!("  here              {}", content_of(&scene.note));
    say!("");
    say!("With a root of its own, the same write goes to a directory of the root's:");
    say!("");
    fs::remove_file(&scene.note)?;
    say!("  in the container  echo hello >{}", fitted(&scene.note.display().to_string(), 48));
    scene.write_in_a_root_of_its_own()?;
    say!("  here              {}", content_of(&scene.note));
    say!("  in the root       {}", content_of(&scene.note_in_the_root()?));
    narration.pause()?;

    narration.title("Why not chroot")?;
    say!("chroot(2) changes what / means to a process and leaves the mount table alone.");
    say!("Root inside keeps a directory open, chroots once more, and walks up from the");
    say!("directory until it stands in the host's /. There it reads a file of the host's:");
    say!("");
    say!("  in a chroot       {}", scene.escape(&["--chroot"])?);
    say!("  after pivot_root  {}", scene.escape(&[])?);
    say!("");
    say!("After pivot_root and umount there is nothing of the host's to walk to.");
    narration.pause()?;

    narration.title("Your turn")?;
    say!("  cargo run -p ch02-rootfs -- run -- sh            a shell in a root of its own");
    say!("  cargo run -p ch02-rootfs -- run --explain -- sh  the same, call by call");
    say!("  cargo run -p ch02-rootfs -- rootfs create ./box  a root file system to keep");
    say!("  cargo wb                                         the exercises");
    Ok(0)
}

/// What a look at a file on the host shows.
fn content_of(file: &Path) -> String {
    match fs::read_to_string(file) {
        Ok(text) => format!("the file is there, and says {}", text.trim()),
        Err(error) => format!("no such file ({})", error.kind()),
    }
}

/// The first words, whole, and how many more there are: at most `width` characters (unless the
/// first is longer).
fn as_many_as_fit<S: AsRef<str>>(words: &[S], width: usize) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let shown = |number: usize| match words.len() - number {
        0 => words.join(" "),
        more => format!("{} and {more} more", words[..number].join(" ")),
    };
    let fitting = (1..=words.len()).rev().map(shown).find(|text| text.chars().count() <= width);
    fitting.unwrap_or_else(|| fitted(&words.join(" "), width))
}

fn by_file_system(mounts: &[(String, String)]) -> BTreeMap<&str, Vec<&str>> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (place, file_system) in mounts {
        places.entry(file_system).or_default().push(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_between_its_words_and_says_how_many_are_left() {
        assert_eq!(as_many_as_fit(&["/proc", "/dev"], 10), "/proc /dev");
        assert_eq!(as_many_as_fit(&["/dev", "/dev/null", "/dev/zero"], 20), "/dev and 2 more");
        assert_eq!(as_many_as_fit(&["/a/long/one"], 5), "/a/l…");
    }

    #[test]
    fn mounts_are_gathered_by_their_file_system() {
        let mountinfo = "63 42 0:39 / / rw shared:1 - tmpfs tmpfs rw\n64 63 0:40 / /proc rw - proc proc rw\n\
                         65 63 0:41 / /dev rw - tmpfs tmpfs rw\n";
        let mounts = mounts(mountinfo);
        assert_eq!(by_file_system(&mounts)["tmpfs"], ["/", "/dev"]);
        assert_eq!(by_file_system(&mounts)["proc"], ["/proc"]);
    }
}
