//! Archives whose sizes and numbers lie, and what honest ones keep.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::Result;
use nix::unistd::Uid;
use tar::{Builder, EntryType, Header};

use crate::import::archive::Archive;
use crate::import::{NoSpecialNames, Options, Unpacked, import, unpack};
use crate::rooted::Root;
use crate::sys;

/// A header of type `kind` that promises `size` bytes.
fn header(kind: u8, name: &str, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(EntryType::new(kind));
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(nix::unistd::getuid().as_raw().into());
    header.set_gid(nix::unistd::getgid().as_raw().into());
    header.set_cksum();
    header
}

/// A header and its data, filled up to whole blocks.
fn with_data(header: &Header, data: &[u8]) -> Vec<u8> {
    let mut bytes = [header.as_bytes(), data].concat();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A member of type `kind` with its data.
fn member(kind: u8, name: &str, data: &[u8]) -> Vec<u8> {
    with_data(&header(kind, name, data.len() as u64), data)
}

/// What ends an archive.
fn end() -> Vec<u8> {
    vec![0; 1024]
}

fn import_bytes(archive: &[u8]) -> (tempfile::TempDir, Result<Unpacked>) {
    let place = tempfile::tempdir().unwrap();
    let result = import(archive, &place.path().join("root"));
    (place, result)
}

#[test]
fn a_name_in_a_pax_header_is_no_longer_than_a_path() {
    for key in ["path", "linkpath"] {
        let record = |length: usize| {
            let text = format!(" {key}={}\n", "n/".repeat(length / 2));
            let digits = (text.len() + 4).to_string();
            assert_eq!(digits.len(), 4);
            format!("{digits}{text}")
        };
        for (length, is_kept) in [(4000, true), (5000, false)] {
            let pax = member(b'x', "pax", record(length).as_bytes());
            let archive = [pax, member(b'2', "link", b""), end()].concat();
            let read = Archive::new(&archive[..]).next_member();
            assert_eq!(read.is_ok(), is_kept, "{key} {length}: {read:?}");
        }
    }
}

#[test]
fn a_label_has_no_data() {
    let archive = [member(b'V', "label", b"data"), end()].concat();
    assert!(Archive::new(&archive[..]).next_member().unwrap_err().to_string().contains("a label"));
}

#[test]
fn a_long_header_is_refused_before_it_is_read() {
    // No file has a name of 1 GB. Its header is all there is to read: more would be an error of its
    // own.
    for kind in [b'L', b'K', b'x', b'g'] {
        let archive = header(kind, "././@LongLink", 1 << 30);
        let (_place, result) = import_bytes(archive.as_bytes());
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("a header of 1073741824 bytes"), "{}: {error}", char::from(kind));
    }
}

#[test]
fn a_count_of_bytes_does_not_wrap() {
    // One byte, and a sparse file that is 2^64 - 1 bytes long: together 0.
    let mut sparse = header(b'S', "huge", 0);
    sparse.as_mut_bytes()[483..495].copy_from_slice(&[0x80, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    sparse.as_mut_bytes()[386..398].copy_from_slice(&[0x80, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
    sparse.as_mut_bytes()[398..409].copy_from_slice(b"00000000000");
    sparse.set_cksum();
    let archive = [member(b'0', "one", b"x"), with_data(&sparse, b""), end()].concat();
    assert_eq!(archive.len(), 1536 + 1024);
    let (place, result) = import_bytes(&archive);
    assert!(format!("{:#}", result.unwrap_err()).contains("a file of 18446744073709551615 bytes"));
    assert!(!place.path().join("root").exists());
}

#[test]
fn more_bytes_than_the_limit_are_refused_before_they_are_written() {
    let place = tempfile::tempdir().unwrap();
    let big = header(b'0', "b", 1 << 40);
    let archive = [member(b'0', "a", &[7; 600]), with_data(&big, b"")].concat();
    let options = Options { most_bytes: 1000, ..Options::default() };
    let error = unpack(&archive[..], &Root::open(place.path()).unwrap(), &NoSpecialNames, &options).unwrap_err();
    assert!(format!("{error:#}").contains("more than 0.0 GB"), "{error:#}");
    assert!(place.path().join("a").exists() && !place.path().join("b").exists());
}

#[test]
fn holes_stay_holes_and_cost_no_disk() {
    let mut sparse = header(b'S', "holes", 5);
    let gnu = sparse.as_gnu_mut().unwrap();
    gnu.set_real_size(1 << 30);
    gnu.sparse[0].set_offset(1 << 20);
    gnu.sparse[0].set_length(5);
    sparse.set_cksum();
    let archive = [with_data(&sparse, b"there"), end()].concat();
    let (place, result) = import_bytes(&archive);
    assert_eq!(result.unwrap().bytes, 5);
    let file = fs::File::open(place.path().join("root/holes")).unwrap();
    let mut text = [0; 5];
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut text, 1 << 20).unwrap();
    let meta = file.metadata().unwrap();
    assert!(&text == b"there" && meta.len() == 1 << 30 && meta.blocks() < 1000, "{meta:?}");
}

#[test]
fn chunks_that_are_not_the_data_are_refused() {
    for (offset, length, size, said) in
        [(0, 4, 9, "chunks of 4"), (8, 5, 9, "beyond the file's end"), (u64::MAX, 5, 9, "64 bits")]
    {
        let mut sparse = header(b'S', "bad", 5);
        let gnu = sparse.as_gnu_mut().unwrap();
        gnu.set_real_size(size);
        gnu.sparse[0].set_offset(offset);
        gnu.sparse[0].set_length(length);
        sparse.set_cksum();
        let (_place, result) = import_bytes(&[with_data(&sparse, b"there"), end()].concat());
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains(said), "{said}: {error}");
    }
}

/// Every kind of member and header there is.
fn honest() -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    archive.append(&header(b'5', "bin/", 0), &[][..]).unwrap();
    archive.append(&header(b'x', "pax", 21), &b"21 mtime=12.50000000\n"[..]).unwrap();
    archive.append(&header(b'0', "bin/tool", 700), &[b'x'; 700][..]).unwrap();
    archive.append(&header(b'L', "long", 5), &b"long\0"[..]).unwrap();
    archive.append(&header(b'0', "short", 0), &[][..]).unwrap();
    archive.into_inner().unwrap()
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let archive = honest();
    assert_eq!(import_bytes(&archive).1.unwrap().entries, 3);
    let end = archive.len() - 1024;
    for length in (0..=end).step_by(512).chain([1, 511, 700, 1600]) {
        let (place, result) = import_bytes(&archive[..length]);
        assert!(format!("{:#}", result.unwrap_err()).contains("ends too early"), "{length} of {end}");
        assert!(!place.path().join("root").exists());
    }
}

#[test]
fn an_end_that_is_not_marked_is_taken_where_that_is_allowed_and_no_other_cut() {
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&header(b'0', "short", 5), &b"12345"[..]).unwrap();
    let archive = archive.into_inner().unwrap();
    for length in 0..=archive.len() {
        let mut read = Archive::new(&archive[..length]).may_lack_its_end(true);
        let ended = loop {
            match read.next_member() {
                Ok(None) => break true,
                Ok(Some(_)) => {}
                Err(_) => break false,
            }
        };
        // A header is 512 bytes, and the rest of the block after 5 bytes of data says nothing.
        let may_end = length == 0 || (517..=1024).contains(&length) || length >= 1536;
        assert_eq!(ended, may_end, "{length} of {}", archive.len());
    }
}

#[test]
fn no_damage_is_a_panic() {
    // A walk through the archive, every byte damaged in three ways.
    let archive = honest();
    for place in 0..archive.len() {
        for damage in [0x01, 0x80, 0xff] {
            let mut damaged = archive.clone();
            damaged[place] ^= damage;
            let mut read = Archive::new(&damaged[..]);
            while let Ok(Some(member)) = read.next_member() {
                let mut nowhere = tempfile::tempfile().unwrap();
                let _ = read.write_to(&mut nowhere, &member.layout);
            }
        }
    }
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    for (archive, said) in [
        (vec![member(b'D', "dump", b"")], "type 'D'"),
        (vec![member(b'M', "part", b"")], "type 'M'"),
        (vec![member(b'2', "link", &[1; 600])], "its type has none"),
        (vec![member(b'g', "pax", b"10 path=a\n")], "global pax header"),
        (vec![member(b'x', "pax", b"22 GNU.sparse.major=2\n"), member(b'0', "a", b"")], "without its size"),
        (vec![member(b'L', "long", b"a"), member(b'L', "long", b"b")], "two headers"),
        (vec![member(b'L', "long", b"a"), end()], "doesn't follow"),
    ] {
        let error = format!("{:#}", import_bytes(&archive.concat()).1.unwrap_err());
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn times_are_kept() {
    let mut directory = header(b'5', "dir/", 0);
    directory.set_mode(0o555);
    directory.set_mtime(1_000_000);
    directory.set_cksum();
    let mut link = header(b'2', "link", 0);
    link.as_mut_bytes()[157..160].copy_from_slice(b"dir");
    link.set_mtime(7);
    link.set_cksum();
    let pax = member(b'x', "pax", b"21 mtime=12.50000000\n");
    let file = member(b'0', "dir/file", b"");
    let archive = [with_data(&directory, b""), pax, file, with_data(&link, b""), end()].concat();
    let (place, result) = import_bytes(&archive);
    result.unwrap();
    let time = |name: &str| {
        let meta = fs::symlink_metadata(place.path().join("root").join(name)).unwrap();
        (meta.mtime(), meta.mtime_nsec())
    };
    assert_eq!([time("dir"), time("dir/file"), time("link")], [(1_000_000, 0), (12, 500_000_000), (7, 0)]);
}

#[test]
fn capabilities_are_kept_where_files_have_owners() {
    // VFS_CAP_REVISION_2 with CAP_NET_RAW: what `setcap cap_net_raw=ep` writes.
    let value = [1u8, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let record = [&b"SCHILY.xattr.security.capability="[..], &value, b"\n"].concat();
    let record = [format!("{} ", record.len() + 3).as_bytes(), &record].concat();
    let archive = [member(b'x', "pax", &record), member(b'0', "ping", b""), end()].concat();
    let (place, result) = import_bytes(&archive);
    result.unwrap();
    let kept = sys::attribute(&place.path().join("root/ping"), c"security.capability");
    let expected = if Uid::effective().is_root() { Some(value.to_vec()) } else { None };
    assert_eq!(kept, expected);
}
