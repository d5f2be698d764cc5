//! Files with holes: which bytes of a file are in the archive. GNU tar has written that in four
//! ways.

use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use tar::{GnuExtSparseHeader, GnuSparseHeader, Header};

use super::archive::Archive;
use super::pax::number;

/// More is no file of a root file system, and would cost memory.
const MOST_CHUNKS: usize = 1 << 16;

/// Bytes that are in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    pub offset: u64,
    pub length: u64,
}

/// A file's size, and its bytes but for zeros, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub size: u64,
    pub chunks: Vec<Chunk>,
}

impl Layout {
    /// Refuses chunks that overlap, lie outside of the file, or aren't the data that follows.
    fn checked(size: u64, chunks: Vec<Chunk>, stored: u64) -> Result<Layout> {
        // What a file's size can be: off_t.
        ensure!(size <= i64::MAX as u64, "a file of {size} bytes");
        let (mut end, mut sum) = (0, 0u64);
        for chunk in &chunks {
            ensure!(chunk.offset >= end, "chunks that overlap");
            end = chunk.offset.checked_add(chunk.length).context("a chunk beyond 64 bits")?;
            sum = sum.checked_add(chunk.length).context("chunks beyond 64 bits")?;
        }
        ensure!(end <= size, "a chunk beyond the file's end");
        ensure!(sum == stored, "chunks of {sum} bytes, and data of {stored}");
        Ok(Layout { size, chunks })
    }
}

/// The oldest way: a list in the header, which blocks before the data continue.
pub(super) fn of_gnu_header<R: Read>(archive: &mut Archive<R>, header: &Header) -> Result<Layout> {
    let gnu = header.as_gnu().context("a sparse file without GNU's header")?;
    let mut chunks = Vec::new();
    add_all(&mut chunks, &gnu.sparse)?;
    let mut is_continued = gnu.is_extended();
    while is_continued {
        let mut more = GnuExtSparseHeader::new();
        more.as_mut_bytes().copy_from_slice(&archive.block()?);
        add_all(&mut chunks, more.sparse())?;
        is_continued = more.is_extended();
    }
    Layout::checked(gnu.real_size()?, chunks, archive.left)
}

fn add_all(chunks: &mut Vec<Chunk>, list: &[GnuSparseHeader]) -> Result<()> {
    for listed in list.iter().filter(|listed| !listed.is_empty()) {
        add(chunks, Chunk { offset: listed.offset()?, length: listed.length()? })?;
    }
    Ok(())
}

fn add(chunks: &mut Vec<Chunk>, chunk: Chunk) -> Result<()> {
    ensure!(chunks.len() < MOST_CHUNKS, "a sparse file in more than {MOST_CHUNKS} pieces");
    chunks.push(chunk);
    Ok(())
}

/// The three later ways: `GNU.sparse.…` in a pax header, of the versions 0.0, 0.1 and 1.0.
#[derive(Debug, Default)]
pub(super) struct SparseKeys {
    /// The file's name; the member's own is made up.
    pub name: Option<Vec<u8>>,
    size: Option<u64>,
    version: (Option<u64>, Option<u64>),
    /// 0.0: pairs of records; 0.1: one list.
    chunks: Vec<Chunk>,
    offset: Option<u64>,
    any: bool,
}

impl SparseKeys {
    pub fn set(&mut self, key: &str, value: &[u8]) -> Result<()> {
        let text = std::str::from_utf8(value);
        let value_as_number = || number(text?);
        self.any = true;
        match key {
            "name" => self.name = Some(value.to_vec()),
            "size" | "realsize" => self.size = Some(value_as_number()?),
            "major" => self.version.0 = Some(value_as_number()?),
            "minor" => self.version.1 = Some(value_as_number()?),
            "offset" => {
                ensure!(self.offset.replace(value_as_number()?).is_none(), "an offset without a length");
            }
            "numbytes" => {
                let offset = self.offset.take().context("a length without an offset")?;
                add(&mut self.chunks, Chunk { offset, length: value_as_number()? })?;
            }
            "map" => {
                let mut numbers = text?.split(',').map(number::<u64>);
                while let Some(offset) = numbers.next() {
                    let length = numbers.next().context("a map with an odd count of numbers")??;
                    add(&mut self.chunks, Chunk { offset: offset?, length })?;
                }
            }
            // The list's length, which is seen.
            "numblocks" => {}
            other => bail!("a sparse file with {other:?}, which is not known here"),
        }
        Ok(())
    }
}

/// Of a regular file, sparse or not.
pub(super) fn of_pax<R: Read>(archive: &mut Archive<R>, keys: &SparseKeys) -> Result<Layout> {
    let stored = archive.left;
    if !keys.any {
        return Layout::checked(stored, vec![Chunk { offset: 0, length: stored }], stored);
    }
    let size = keys.size.context("a sparse file without its size")?;
    ensure!(keys.offset.is_none(), "an offset without a length");
    match keys.version {
        (None | Some(0), None | Some(0 | 1)) => Layout::checked(size, keys.chunks.clone(), stored),
        (Some(1), Some(0)) => {
            let chunks = map_before_data(archive)?;
            Layout::checked(size, chunks, archive.left)
        }
        (major, minor) => bail!(
            "a sparse file of version {}.{}: known are 0.0, 0.1 and 1.0",
            major.unwrap_or_default(),
            minor.unwrap_or_default()
        ),
    }
}

/// 1.0: decimal numbers, one a line, before the data: how many chunks, then each one's offset and
/// length; filled up to a whole block.
fn map_before_data<R: Read>(archive: &mut Archive<R>) -> Result<Vec<Chunk>> {
    let mut lines = Lines { archive, block: Vec::new() };
    let count = lines.next()?;
    ensure!(count <= MOST_CHUNKS as u64, "a sparse file in {count} pieces: more than {MOST_CHUNKS}");
    (0..count).map(|_| Ok(Chunk { offset: lines.next()?, length: lines.next()? })).collect()
}

struct Lines<'a, R> {
    archive: &'a mut Archive<R>,
    /// What is left of the last block, from its end to its beginning.
    block: Vec<u8>,
}

impl<R: Read> Lines<'_, R> {
    fn next(&mut self) -> Result<u64> {
        let mut digits = String::new();
        loop {
            if self.block.is_empty() {
                let block = self.archive.block()?;
                let left = self.archive.left.checked_sub(block.len() as u64);
                self.archive.left = left.context("a map longer than the data")?;
                self.block = block.into_iter().rev().collect();
            }
            match self.block.pop() {
                Some(b'\n') => return number(&digits),
                Some(digit) if digit.is_ascii_digit() && digits.len() < 20 => digits.push(digit.into()),
                _ => bail!("a map that is no list of numbers"),
            }
        }
    }
}
