//! The entries of an archive that somebody else has made.

use std::cell::Cell;
use std::io::{self, Read};

use anyhow::{Context, Result, ensure};
use tar::{Archive, Entry};

/// A name may be 4096 bytes long, and has a header of its own then. Nobody needs more between two
/// entries than this, and the reader of archives takes all of it into memory.
const MOST_BETWEEN: u64 = 1 << 20;

/// What an archive is read from. It notes whether it ended before the archive did (which ends with
/// zeros: tar(5)), and bounds what is read between two entries.
pub struct Input<'a, R> {
    inner: R,
    notes: &'a Notes,
}

#[derive(Default)]
struct Notes {
    has_ended: Cell<bool>,
    /// How much may be read yet, if that is bounded now.
    left: Cell<Option<u64>>,
}

impl<R: Read> Read for Input<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.notes.left.get();
        if left == Some(0) {
            return Err(io::Error::other(format!("more than {MOST_BETWEEN} bytes for the name of one entry")));
        }
        let most = left.map_or(buffer.len(), |left| buffer.len().min(left.try_into().unwrap_or(usize::MAX)));
        let read = self.inner.read(&mut buffer[..most])?;
        self.notes.left.set(left.map(|left| left - read as u64));
        self.notes.has_ended.set(self.notes.has_ended.get() || read == 0 && !buffer.is_empty());
        Ok(read)
    }
}

// ANCHOR: each_entry
/// Calls `each` with the entries of an archive, one after the other; and gives whether the archive
/// is whole. One that was cut between two entries is not: the reader of archives would take the end
/// of the file for the end of the archive.
pub fn each_entry<R: Read>(
    input: R,
    keeps_owners: bool,
    mut each: impl FnMut(&mut Entry<'_, Input<'_, R>>) -> Result<()>,
) -> Result<bool> {
    let notes = Notes::default();
    let mut archive = Archive::new(Input { inner: input, notes: &notes });
    archive.set_preserve_permissions(true);
    archive.set_preserve_ownerships(keeps_owners);
    let mut entries = archive.entries().context("reading the archive")?;
    loop {
        notes.left.set(Some(MOST_BETWEEN));
        let Some(entry) = entries.next() else { return Ok(!notes.has_ended.get()) };
        let mut entry = entry.context("the archive is damaged, or ends too early")?;
        notes.left.set(None);
        each(&mut entry)?;
        // What nobody has read of it is no name of the next one.
        io::copy(&mut entry, &mut io::sink()).context("the archive ends too early")?;
    }
}
// ANCHOR_END: each_entry

/// Says what is wrong with an archive that is not whole.
pub fn ensure_whole(is_whole: bool) -> Result<()> {
    ensure!(is_whole, "the archive ends too early: a part of it is missing");
    Ok(())
}

#[cfg(test)]
mod tests {
    use tar::{Builder, EntryType, Header};

    use super::*;

    fn header(kind: EntryType, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_path("././@LongLink").unwrap();
        header.set_cksum();
        header
    }

    #[test]
    fn an_archive_cut_between_two_entries_is_not_whole() {
        let mut builder = Builder::new(Vec::new());
        for name in ["one", "two"] {
            builder.append_data(&mut header(EntryType::Regular, 1), name, &b"x"[..]).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let is_whole = |bytes: &[u8]| each_entry(bytes, false, |_| Ok(())).unwrap();
        assert!(is_whole(&bytes));
        // A header and its content are a block each.
        assert!(!is_whole(&bytes[..1024]) && !is_whole(&bytes[..2048]) && !is_whole(&[]));
    }

    #[test]
    fn a_name_of_gigabytes_is_not_read_into_memory() {
        for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
            let head = header(kind, 8 << 30);
            // It could be read for ever.
            let input = head.as_bytes().chain(io::repeat(b'a'));
            let error = each_entry(input, false, |_| Ok(())).unwrap_err();
            assert!(format!("{error:#}").contains("more than"), "{kind:?}: {error:#}");
        }
    }

    #[test]
    fn long_names_and_content_that_nobody_reads_are_no_matter() {
        let long = "n/".repeat(1000) + "file";
        let mut builder = Builder::new(Vec::new());
        let content = vec![b'x'; 3 << 20];
        for name in [long.as_str(), "short"] {
            builder.append_data(&mut header(EntryType::Regular, 3 << 20), name, &content[..]).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let mut names = Vec::new();
        let seen = |entry: &mut Entry<'_, Input<'_, &[u8]>>| {
            names.push(entry.path()?.display().to_string());
            Ok(())
        };
        assert!(each_entry(&bytes[..], false, seen).unwrap());
        assert_eq!(names, [long.as_str(), "short"]);
    }
}
