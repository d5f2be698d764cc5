//! Archives that lie.

mod numbers;

use super::*;
use std::fs;
use tar::{Builder, Header};

struct Hostile {
    archive: Builder<Vec<u8>>,
}

impl Hostile {
    fn new() -> Hostile {
        Hostile { archive: Builder::new(Vec::new()) }
    }

    /// Past the library's own checks: names are written as they are.
    fn entry(mut self, kind: EntryType, name: &str, target: &str, text: &str) -> Hostile {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_size(text.len() as u64);
        header.set_mode(0o755);
        header.set_uid(nix::unistd::getuid().as_raw().into());
        header.set_gid(nix::unistd::getgid().as_raw().into());
        header.set_cksum();
        self.archive.append(&header, text.as_bytes()).unwrap();
        self
    }

    /// Unpacks beside a directory `outside` with a file `secret`, and gives the place and the result.
    fn import(self) -> (tempfile::TempDir, Result<Unpacked>) {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("outside")).unwrap();
        fs::write(place.path().join("outside/secret"), "secret").unwrap();
        let bytes = self.archive.into_inner().unwrap();
        let result = import(&bytes[..], &place.path().join("root"));
        (place, result)
    }
}

fn outside_is_untouched(place: &Path) {
    let names: Vec<_> = fs::read_dir(place.join("outside")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["secret"]);
    assert_eq!(fs::read_to_string(place.join("outside/secret")).unwrap(), "secret");
}

#[test]
fn an_honest_archive_is_unpacked() {
    let (place, result) = Hostile::new()
        .entry(EntryType::Directory, "./", "", "")
        .entry(EntryType::Directory, "bin/", "", "")
        .entry(EntryType::Regular, "bin/tool", "", "#!/bin/sh\n")
        .entry(EntryType::Symlink, "bin/link", "tool", "")
        .entry(EntryType::Link, "bin/hard", "bin/tool", "")
        .import();
    assert_eq!(result.unwrap(), Unpacked { entries: 4, bytes: 10, ..Unpacked::default() });
    let root = place.path().join("root");
    assert_eq!(fs::read_to_string(root.join("bin/hard")).unwrap(), "#!/bin/sh\n");
    assert_eq!(fs::read_link(root.join("bin/link")).unwrap(), Path::new("tool"));
}

#[test]
fn a_name_that_climbs_is_refused_and_nothing_is_left() {
    let (place, result) = Hostile::new()
        .entry(EntryType::Regular, "fine", "", "x")
        .entry(EntryType::Regular, "../outside/secret", "", "owned")
        .import();
    assert!(format!("{:#}", result.unwrap_err()).contains("leads upwards"));
    outside_is_untouched(place.path());
    assert!(!place.path().join("root").exists());
}

#[test]
fn an_absolute_name_lands_inside() {
    let (place, result) = Hostile::new().entry(EntryType::Regular, "/etc/passwd", "", "x").import();
    result.unwrap();
    assert!(place.path().join("root/etc/passwd").is_file());
}

#[test]
fn a_file_through_a_link_lands_inside_or_fails() {
    for target in ["../outside", "/outside", "/tmp", ".."] {
        let (place, result) = Hostile::new()
            .entry(EntryType::Symlink, "way", target, "")
            .entry(EntryType::Regular, "way/secret", "", "owned")
            .import();
        let _ = result;
        outside_is_untouched(place.path());
    }
}

#[test]
fn a_file_over_a_link_replaces_the_link() {
    let (place, result) = Hostile::new()
        .entry(EntryType::Symlink, "way", "../outside/secret", "")
        .entry(EntryType::Regular, "way", "", "owned")
        .import();
    result.unwrap();
    outside_is_untouched(place.path());
    assert_eq!(fs::read_to_string(place.path().join("root/way")).unwrap(), "owned");
}

#[test]
fn a_hard_link_out_of_the_root_is_refused() {
    for target in ["../outside/secret", "way/secret"] {
        let (place, result) = Hostile::new()
            .entry(EntryType::Symlink, "way", "../outside", "")
            .entry(EntryType::Link, "stolen", target, "")
            .import();
        assert!(result.is_err(), "{target}");
        outside_is_untouched(place.path());
    }
}

#[test]
fn device_nodes_are_left_out_and_counted() {
    let (place, result) =
        Hostile::new().entry(EntryType::Block, "sda", "", "").entry(EntryType::Regular, "file", "", "x").import();
    assert_eq!(result.unwrap().left_out, 1);
    assert!(!place.path().join("root/sda").exists());
}

#[test]
fn what_is_no_archive_is_told() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    assert!(import(&[7u8; 2048][..], &root).is_err());
    assert!(import(&[][..], &root).is_err());
    assert!(!root.exists());
}
