//! Writing the log: lines, with rotation.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::escape::escape;

/// A line that is longer is written in pieces of this size, as Docker does: memory stays bounded.
const PIECE: usize = 16 * 1024;

/// One stream's bytes that don't make a line yet.
#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
}

/// The writer. A disk that is full doesn't stop the container: what can't be written is counted,
/// and said when there is room again.
#[derive(Debug)]
pub struct LogWriter {
    path: PathBuf,
    file: Option<File>,
    size: u64,
    max_size: Option<u64>,
    max_file: u32,
    pending: [Pending; 2],
    /// Lines that the disk had no room for.
    lost: usize,
}

impl LogWriter {
    /// Opens the log, or begins it.
    pub fn open(path: &Path, max_size: Option<u64>, max_file: Option<u32>) -> io::Result<LogWriter> {
        let file = File::options().create(true).append(true).open(path)?;
        let size = file.metadata()?.len();
        let max_file = max_file.unwrap_or(1).max(1);
        Ok(LogWriter {
            path: path.into(),
            file: Some(file),
            size,
            max_size,
            max_file,
            pending: Default::default(),
            lost: 0,
        })
    }

    // ANCHOR: lines
    // ANCHOR: take
    /// Takes output of a stream (1 for stdout, 2 for stderr), and writes its complete lines.
    pub fn take(&mut self, stream: u8, bytes: &[u8]) {
        let index = usize::from(stream == 2);
        let mut rest = bytes;
        let end = end_of_entry(stream);
        let mut lines = Vec::new();
        while !rest.is_empty() {
            let pending = &mut self.pending[index].bytes;
            let room = PIECE - pending.len();
            let window = &rest[..rest.len().min(room)];
            let (piece, is_complete) = match memchr::memchr(b'\n', window) {
                Some(newline) => (&rest[..=newline], true),
                None => (window, window.len() == room),
            };
            rest = &rest[piece.len()..];
            if is_complete && pending.is_empty() {
                append(&mut lines, piece, &end);
                continue;
            }
            pending.extend_from_slice(piece);
            if is_complete {
                append(&mut lines, pending, &end);
                pending.clear();
            }
        }
        self.write(&lines);
    }
    // ANCHOR_END: take

    /// The streams have ended: what is left is a line as well.
    pub fn finish(&mut self) {
        for (index, stream) in [1, 2].into_iter().enumerate() {
            let piece = std::mem::take(&mut self.pending[index].bytes);
            if !piece.is_empty() {
                let mut line = Vec::new();
                append(&mut line, &piece, &end_of_entry(stream));
                self.write(&line);
            }
        }
    }
    // ANCHOR_END: lines

    /// Writes whole lines; where the log would become too large, it is rotated between two of them.
    fn write(&mut self, mut lines: &[u8]) {
        while !lines.is_empty() {
            let room = self.max_size.map_or(usize::MAX, |most| most.saturating_sub(self.size) as usize);
            let mut length = whole_lines(lines, room);
            if length == 0 && self.size > 0 {
                self.rotate();
                continue;
            }
            if length == 0 {
                // A line that is longer than a log may be.
                length = lines.iter().position(|byte| *byte == b'\n').map_or(lines.len(), |end| end + 1);
            }
            self.append(&lines[..length]);
            lines = &lines[length..];
        }
    }

    /// What doesn't fit on the disk is lost, and counted; half a line would make all that follows
    /// unreadable.
    fn append(&mut self, lines: &[u8]) {
        if self.lost > 0 && self.note_loss() {
            self.lost = 0;
        }
        let Some(file) = &mut self.file else { return };
        let (mut rest, mut written) = (lines, 0);
        while !rest.is_empty() {
            match file.write(rest) {
                Ok(length @ 1..) => {
                    written += length;
                    rest = &lines[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => break,
            }
        }
        let kept = whole_lines(lines, written);
        if kept < written {
            let _ = file.set_len(self.size + kept as u64);
        }
        self.size += kept as u64;
        self.lost += lines[kept..].iter().filter(|byte| **byte == b'\n').count();
    }

    /// Says in the log itself that something is missing there.
    fn note_loss(&mut self) -> bool {
        let text = format!("(coracle: {} lines were lost here: the disk was full)\n", self.lost);
        let mut note = Vec::new();
        append(&mut note, text.as_bytes(), &end_of_entry(2));
        let Some(file) = &mut self.file else { return false };
        let is_written = file.write(&note).is_ok_and(|length| length == note.len());
        if is_written {
            self.size += note.len() as u64;
        } else {
            let _ = file.set_len(self.size);
        }
        is_written
    }

    /// `log` becomes `log.1`, `log.1` becomes `log.2`, and the last goes.
    fn rotate(&mut self) {
        let numbered = |number: u32| match number {
            0 => self.path.clone(),
            _ => self.path.with_extension(format!("log.{number}")),
        };
        if self.max_file <= 1 {
            if let Some(file) = &self.file {
                let _ = file.set_len(0);
            }
        } else {
            for number in (0..self.max_file - 1).rev() {
                let _ = fs::rename(numbered(number), numbered(number + 1));
            }
            self.file = File::options().create(true).append(true).open(&self.path).ok();
        }
        self.size = 0;
    }
}

/// How many bytes of whole lines there are, within `room`.
fn whole_lines(lines: &[u8], room: usize) -> usize {
    if room >= lines.len() {
        return lines.len();
    }
    lines[..room].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

/// Adds an [`Entry`](super::Entry) as JSON.
fn append(lines: &mut Vec<u8>, piece: &[u8], end: &str) {
    lines.extend_from_slice(b"{\"log\":\"");
    escape(lines, piece);
    lines.extend_from_slice(end.as_bytes());
}

/// What follows the text: the same for all lines that come at once, of which a container may write
/// millions a second.
fn end_of_entry(stream: u8) -> String {
    let stream = if stream == 2 { "stderr" } else { "stdout" };
    // Neither has a letter that JSON would escape.
    format!(r#"","stream":"{stream}","time":"{}"}}"#, crate::now()) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Entry;

    fn written(path: &Path) -> Vec<Entry<'static>> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str::<Entry>(line).unwrap().into_owned()).collect()
    }

    #[test]
    fn lines_are_whole_and_the_last_one_is_a_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x-json.log");
        let mut log = LogWriter::open(&path, None, None).unwrap();
        log.take(1, b"one\ntw");
        log.take(2, b"err\n");
        log.take(1, b"o\nthree");
        log.finish();
        let lines: Vec<_> = written(&path).into_iter().map(|entry| (entry.stream, entry.log)).collect();
        let expected = [("stdout", "one\n"), ("stderr", "err\n"), ("stdout", "two\n"), ("stdout", "three")];
        assert_eq!(lines, expected.map(|(stream, log)| (stream.into(), log.into())));
    }

    #[test]
    fn a_line_without_an_end_is_written_in_pieces() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x-json.log");
        let mut log = LogWriter::open(&path, None, None).unwrap();
        log.take(1, &vec![b'x'; 2 * PIECE + 5]);
        log.finish();
        assert_eq!(written(&path).iter().map(|entry| entry.log.len()).collect::<Vec<_>>(), [PIECE, PIECE, 5]);
    }

    #[test]
    fn what_comes_at_once_is_divided_between_lines() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x-json.log");
        let mut log = LogWriter::open(&path, Some(300), Some(50)).unwrap();
        let all: String = (0..40).map(|number| format!("line {number}\n")).collect();
        log.take(1, all.as_bytes());
        log.take(1, format!("{}\n", "x".repeat(500)).as_bytes());
        let names =
            (0..50).map(|number| if number == 0 { path.clone() } else { path.with_extension(format!("log.{number}")) });
        let files: Vec<PathBuf> = names.take_while(|name| name.exists()).collect();
        let lines: Vec<Entry> = files.iter().rev().flat_map(|file| written(file)).collect();
        assert!(files.len() > 8 && lines.len() == 41, "{} files, {} lines", files.len(), lines.len());
        assert!(files[1..].iter().all(|file| fs::metadata(file).unwrap().len() <= 300));
    }

    #[test]
    fn a_full_log_makes_room_and_keeps_so_many_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x-json.log");
        let mut log = LogWriter::open(&path, Some(200), Some(3)).unwrap();
        for number in 0..20 {
            log.take(1, format!("line {number}\n").as_bytes());
        }
        let mut names: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["x-json.log", "x-json.log.1", "x-json.log.2"]);
        assert!(fs::metadata(&path).unwrap().len() <= 200);
        assert!(written(&path).last().unwrap().log.contains("line 19"));
    }
}
