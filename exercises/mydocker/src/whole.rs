//! An archive that is whole: it ends with zeros (tar(5)), and not where its file happens to end.

use std::io::{self, Read};

use anyhow::{Result, ensure};

/// What an archive is read from. It notes whether it ended before the archive did.
pub struct Whole<R> {
    inner: R,
    has_ended: bool,
}

impl<R: Read> Whole<R> {
    pub fn new(inner: R) -> Whole<R> {
        Whole { inner, has_ended: false }
    }

    /// To be asked when the archive says that no entry follows. The reader of archives takes the end
    /// of its file for that as well.
    pub fn ensure_whole(&self) -> Result<()> {
        ensure!(!self.has_ended, "the archive ends too early: a part of it is missing");
        Ok(())
    }
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.has_ended |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use tar::{Archive, Builder, Header};

    use super::*;

    #[test]
    fn an_archive_cut_between_two_entries_is_not_whole() {
        let mut builder = Builder::new(Vec::new());
        for name in ["one", "two"] {
            let mut header = Header::new_gnu();
            header.set_size(1);
            header.set_cksum();
            builder.append_data(&mut header, name, &b"x"[..]).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let is_whole = |bytes: &[u8]| {
            let mut input = Whole::new(bytes);
            for entry in Archive::new(&mut input).entries().unwrap() {
                entry.unwrap();
            }
            input.ensure_whole().is_ok()
        };
        assert!(is_whole(&bytes));
        // A header and its content are a block each.
        assert!(!is_whole(&bytes[..1024]) && !is_whole(&bytes[..2048]) && !is_whole(&[]));
    }
}
