//! Compressed archives, known by their first bytes.

use std::io::{self, BufRead, BufReader, Read};

use anyhow::{Context, Result, bail};
use flate2::bufread::MultiGzDecoder;

use super::zstd::{Zstd, is_skipped};

/// How an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    /// One that is not read here, and the program that reads it.
    Other(&'static str),
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

fn by_first_bytes(bytes: &[u8]) -> Compression {
    match bytes {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        magic if is_skipped(magic) => Compression::Zstd,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Other("xz"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Compression::Other("bzip2"),
        [0x04, 0x22, 0x4d, 0x18, ..] => Compression::Other("lz4"),
        _ => Compression::None,
    }
}

/// A reader of the archive itself.
pub fn decompress<'a>(archive: impl Read + 'a) -> Result<Box<dyn Read + 'a>> {
    let mut archive = BufReader::with_capacity(64 * 1024, archive);
    let first = loop {
        match archive.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            bytes => break bytes.context("cannot read the archive")?,
        }
    };
    Ok(match by_first_bytes(first) {
        Compression::None => Box::new(archive),
        Compression::Other(program) => bail!(
            "the archive is compressed with {program}, and only gzip and zstd are read\n\
             cure: {program} -dc ARCHIVE | layer import NAME"
        ),
        Compression::Gzip => Box::new(MultiGzDecoder::new(archive)),
        Compression::Zstd => Box::new(Zstd::new(archive).context("this is not a zstd archive")?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn gzip_of_several_members_is_read_to_its_end() {
        let member = |text: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let mut text = String::new();
        decompress([member(b"one "), member(b"two")].concat().as_slice()).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two");
    }

    #[test]
    fn a_compression_that_is_not_read_is_named_with_the_cure() {
        for (bytes, program) in [(&b"\xfd7zXZ\0\0"[..], "xz"), (b"BZh91AY", "bzip2"), (b"\x04\x22\x4d\x18d", "lz4")] {
            let error = decompress(bytes).map(drop).unwrap_err().to_string();
            assert!(error.contains(program) && error.contains("cure: "), "{error}");
        }
        // A tar archive may begin with a file of such a name.
        decompress(&b"BZh.txt\0\0"[..]).map(drop).unwrap();
    }

    #[test]
    fn what_is_not_compressed_passes_as_it_is() {
        let mut text = String::new();
        decompress(&b"plain"[..]).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "plain");
    }
}
