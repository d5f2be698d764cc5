//! A tar archive, read member by member: tar(5), pax(1).
//!
//! Whatever the archive says, a member costs a bounded amount of memory, and the next one is found
//! by checked arithmetic. What we don't understand is refused by name, since a guess would unpack
//! something else than the program that packed it meant. (The crate `tar` gives us the fields of a
//! header. Its reader reads names whole, of whatever length, and knows nothing of pax's sparse
//! files.)

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use tar::{EntryType, Header};

use super::pax::{Modified, Pax};
use super::sparse::{self, Layout};

const BLOCK: u64 = 512;

/// Data that is written at once.
const ROOM: usize = 128 * 1024;

/// The longest name that Linux opens in one call: PATH_MAX.
const LONGEST_NAME: u64 = 4096;

/// Of a pax header. A file's attributes are in there; Linux takes 64 kB of them.
const LONGEST_PAX: u64 = 1 << 20;

/// What may follow the end: tar fills its last record.
const LONGEST_REST: u64 = 1 << 20;

const CUT: &str = "the archive ends too early\ncause: it was cut, or the program that writes it failed\n\
                   cure: compare its size, and see that program's error";

/// A member of an archive: what is to be made.
#[derive(Debug)]
pub struct Member {
    /// What it is.
    pub kind: EntryType,
    /// Its name: not to be trusted.
    pub name: PathBuf,
    /// Of a link.
    pub target: Option<PathBuf>,
    /// Its permissions.
    pub mode: u32,
    /// User and group id.
    pub owner: (u32, u32),
    pub(super) modified: Modified,
    /// The value of security.capability: capabilities(7).
    pub capability: Option<Vec<u8>>,
    /// Attributes that users may give a file: `user.…`.
    pub attributes: Vec<(CString, Vec<u8>)>,
    /// Major and minor number, if they are numbers: only a device's have to be.
    pub(super) device: Option<(u32, u32)>,
    pub(super) layout: Layout,
}

impl Member {
    /// The length of the file, holes and all.
    pub fn size(&self) -> u64 {
        self.layout.size
    }

    /// When it was changed, in seconds since 1970.
    pub fn modified_seconds(&self) -> u64 {
        u64::try_from(self.modified.seconds).unwrap_or_default()
    }
}

/// What headers before a member say of it.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    pax: Option<Pax>,
}

/// An archive that is read.
pub struct Archive<R> {
    pub(super) reader: R,
    /// Of the last member's data.
    pub(super) left: u64,
    padding: u64,
    /// For data on its way.
    room: Vec<u8>,
    may_lack_its_end: bool,
}

impl<R: Read> Archive<R> {
    /// Nothing is read yet.
    pub fn new(reader: R) -> Archive<R> {
        Archive { reader, left: 0, padding: 0, room: Vec::new(), may_lack_its_end: false }
    }

    /// Takes an archive that stops after a member, without the mark of its end: see
    /// [`Options::may_lack_its_end`](super::Options::may_lack_its_end).
    pub fn may_lack_its_end(mut self, may: bool) -> Archive<R> {
        self.may_lack_its_end = may;
        self
    }

    // ANCHOR: next
    /// The next member, or `None` at the end, which an archive marks by a block of zeros.
    pub fn next_member(&mut self) -> Result<Option<Member>> {
        let mut extensions = Extensions::default();
        loop {
            self.skip()?;
            let is_bare = extensions.name.is_none() && extensions.target.is_none() && extensions.pax.is_none();
            let Some(header) = self.header()? else {
                ensure!(is_bare, CUT);
                return Ok(None);
            };
            if header.as_bytes().iter().all(|byte| *byte == 0) {
                ensure!(is_bare, "headers about a member that doesn't follow");
                io::copy(&mut (&mut self.reader).take(LONGEST_REST), &mut io::sink()).context(CUT)?;
                return Ok(None);
            }
            check_sum(&header)?;
            let size = header.entry_size().context("a size that is no number")?;
            self.expect(size)?;
            match header.entry_type() {
                EntryType::GNULongName => once(&mut extensions.name, self.text(size, LONGEST_NAME)?)?,
                EntryType::GNULongLink => once(&mut extensions.target, self.text(size, LONGEST_NAME)?)?,
                EntryType::XHeader => once(&mut extensions.pax, Pax::parse(&self.text(size, LONGEST_PAX)?)?)?,
                EntryType::XGlobalHeader => Pax::parse(&self.text(size, LONGEST_PAX)?)?.refuse_if_it_matters()?,
                // A label of the whole archive: a name, and no data.
                kind if kind.as_byte() == b'V' => ensure!(size == 0, "a label with {size} bytes of data"),
                _ => return self.member(&header, extensions).map(Some),
            }
        }
    }
    // ANCHOR_END: next

    fn member(&mut self, header: &Header, extensions: Extensions) -> Result<Member> {
        let pax = extensions.pax.unwrap_or_default();
        let path = |bytes: Vec<u8>| PathBuf::from(OsString::from_vec(bytes));
        let name = pax.sparse.name.clone().or(pax.path).or(extensions.name);
        let name = path(name.unwrap_or_else(|| header.path_bytes().into_owned()));
        let target = pax.linkpath.or(extensions.target).or_else(|| header.link_name_bytes().map(|it| it.into_owned()));
        // A pax header's may be as long as the header.
        let longest = target.as_ref().map_or(0, Vec::len).max(name.as_os_str().len()) as u64;
        ensure!(longest <= LONGEST_NAME, "a name of {longest} bytes: more than {LONGEST_NAME} is no name");
        if let Some(size) = pax.size {
            self.expect(size)?;
        }
        let mut kind = header.entry_type();
        // Before there was a type for directories.
        if kind.as_byte() == 0 && name.as_os_str().as_encoded_bytes().ends_with(b"/") {
            kind = EntryType::Directory;
        }
        let name_shown = name.display();
        let layout = match kind {
            EntryType::GNUSparse => sparse::of_gnu_header(self, header),
            EntryType::Regular | EntryType::Continuous => sparse::of_pax(self, &pax.sparse),
            EntryType::Directory
            | EntryType::Symlink
            | EntryType::Link
            | EntryType::Char
            | EntryType::Block
            | EntryType::Fifo => {
                ensure!(self.left == 0, "{name_shown}: it has data, and its type has none");
                Ok(Layout::default())
            }
            other => bail!("{name_shown}: members of type {:?} are not known here", char::from(other.as_byte())),
        };
        let layout = layout.with_context(|| format!("{name_shown}: where its data belongs can't be made out"))?;
        let id = |pax: Option<u64>, header: io::Result<u64>| -> Result<u32> {
            let id = pax.map_or(header, Ok).with_context(|| format!("{name_shown}: an owner that is no number"))?;
            u32::try_from(id).with_context(|| format!("{name_shown}: an owner beyond 32 bits"))
        };
        let owner = (id(pax.uid, header.uid())?, id(pax.gid, header.gid())?);
        let mode = header.mode().with_context(|| format!("{name_shown}: a mode that is no number"))?;
        let modified = pax.modified.unwrap_or_else(|| Modified::from_seconds(header.mtime().unwrap_or_default()));
        let device = match (header.device_major(), header.device_minor()) {
            (Ok(Some(major)), Ok(Some(minor))) => Some((major, minor)),
            _ => None,
        };
        Ok(Member {
            kind,
            target: target.map(path),
            mode,
            owner,
            modified,
            capability: pax.capability,
            attributes: pax.attributes,
            device,
            layout,
            name,
        })
    }

    /// The file becomes what the last member's data says. Holes stay holes.
    pub fn write_member_to(&mut self, file: &mut File, member: &Member) -> Result<()> {
        self.write_to(file, &member.layout)
    }

    /// The same by its layout.
    pub(super) fn write_to(&mut self, file: &mut File, layout: &Layout) -> Result<()> {
        let mut end = 0;
        // A last one without bytes says how long the file is: GNU tar's.
        for chunk in layout.chunks.iter().filter(|chunk| chunk.length > 0) {
            if chunk.offset != end {
                file.seek(SeekFrom::Start(chunk.offset))?;
            }
            self.copy(chunk.length, file)?;
            end = chunk.offset + chunk.length;
        }
        if end == layout.size {
            return Ok(());
        }
        file.set_len(layout.size).with_context(|| format!("a file of {} bytes", layout.size))
    }

    /// Most files take one read and one write: io::copy() has 8 kB of room.
    fn copy(&mut self, length: u64, file: &mut File) -> Result<()> {
        let mut left = length;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(ROOM).min(ROOM);
            self.room.resize(ROOM, 0);
            let read = match self.reader.read(&mut self.room[..most]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read.context("cannot read the archive")?,
            };
            ensure!(read > 0, CUT);
            file.write_all(&self.room[..read])?;
            left -= read as u64;
            self.left -= read as u64;
        }
        Ok(())
    }

    /// The last member's data, to be read. A file with holes is refused: its data isn't its content.
    pub fn data(&mut self, member: &Member) -> Result<impl Read> {
        ensure!(self.left == member.layout.size, "{}: a file with holes", member.name.display());
        Ok(Data { archive: self })
    }

    /// From here on, `size` bytes of data follow, filled up to whole blocks.
    fn expect(&mut self, size: u64) -> Result<()> {
        let padded = size.checked_next_multiple_of(BLOCK).context("a size beyond 64 bits")?;
        (self.left, self.padding) = (size, padded - size);
        Ok(())
    }

    fn skip(&mut self) -> Result<()> {
        let rest = self.left + self.padding;
        let skipped =
            io::copy(&mut (&mut self.reader).take(rest), &mut io::sink()).context("cannot read the archive")?;
        // Go's archive/tar fills a member's last block when it is told of the next one or of the end.
        let is_whole = skipped == rest || (self.may_lack_its_end && skipped >= self.left);
        ensure!(is_whole, CUT);
        (self.left, self.padding) = (0, 0);
        Ok(())
    }

    /// Data as text, unless it is longer than that, which is found out before it is read.
    fn text(&mut self, size: u64, most: u64) -> Result<Vec<u8>> {
        ensure!(size <= most, "a header of {size} bytes: more than {most} is no name and no attribute");
        let mut text = vec![0; size as usize];
        self.read(&mut text)?;
        self.left = 0;
        // Names end with a zero byte.
        text.truncate(text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
        Ok(text)
    }

    /// The next header; `None` at an end that isn't marked, where that is allowed.
    fn header(&mut self) -> Result<Option<Header>> {
        let mut header = Header::new_old();
        let place = header.as_mut_bytes();
        if self.may_lack_its_end {
            let mut begun = Vec::new();
            (&mut self.reader).take(1).read_to_end(&mut begun).context("cannot read the archive")?;
            let [first] = begun[..] else { return Ok(None) };
            place[0] = first;
            self.read(&mut place[1..])?;
        } else {
            self.read(place)?;
        }
        Ok(Some(header))
    }

    /// The next block of data, for headers that lie in it.
    pub(super) fn block(&mut self) -> Result<[u8; BLOCK as usize]> {
        let mut block = [0; BLOCK as usize];
        self.read(&mut block)?;
        Ok(block)
    }

    fn read(&mut self, place: &mut [u8]) -> Result<()> {
        self.reader.read_exact(place).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => anyhow::anyhow!(CUT),
            _ => anyhow::Error::from(error).context("cannot read the archive"),
        })
    }
}

/// The data of a member.
struct Data<'a, R> {
    archive: &'a mut Archive<R>,
}

impl<R: Read> Read for Data<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = (&mut self.archive.reader).take(self.archive.left).read(buffer)?;
        if length == 0 && self.archive.left > 0 && !buffer.is_empty() {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, CUT));
        }
        self.archive.left -= length as u64;
        Ok(length)
    }
}

/// Two headers of one kind about one member: readers disagree on which counts.
fn once<T>(place: &mut Option<T>, value: T) -> Result<()> {
    ensure!(place.replace(value).is_none(), "two headers of one kind about one member");
    Ok(())
}

fn check_sum(header: &Header) -> Result<()> {
    let bytes = header.as_bytes();
    // The sum's own field counts as spaces.
    let sum = bytes[..148].iter().chain(&bytes[156..]).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    let known = header.cksum().ok();
    ensure!(
        known == Some(sum),
        "this is no tar archive, or a damaged one (a header's sum is wrong)\n\
         cure: if it is compressed, unpack it first: zcat, zstdcat"
    );
    Ok(())
}
