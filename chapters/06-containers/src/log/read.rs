//! Reading the log: all of it, its tail, or as it grows.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Entry;

/// What of it.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// Lines of stdout.
    pub stdout: bool,
    /// Lines of stderr.
    pub stderr: bool,
    /// Only the last so many lines.
    pub tail: Option<usize>,
    /// Nothing older: RFC 3339.
    pub since: Option<String>,
    /// Nothing newer.
    pub until: Option<String>,
}

impl LogOptions {
    fn wants(&self, entry: &Entry) -> bool {
        let stream = if entry.stream == "stderr" { self.stderr } else { self.stdout };
        // Times in one zone and one format are in the order of their letters.
        stream
            && self.since.as_ref().is_none_or(|since| *entry.time >= **since)
            && self.until.as_ref().is_none_or(|until| *entry.time <= **until)
    }
}

/// A reader of a log with its older files.
pub struct LogReader {
    path: PathBuf,
    options: LogOptions,
    current: Option<BufReader<File>>,
    /// A line that isn't whole yet.
    partial: String,
}

impl LogReader {
    /// Of the log at `path`.
    pub fn open(path: &Path, options: LogOptions) -> LogReader {
        LogReader { path: path.into(), options, current: None, partial: String::new() }
    }

    // ANCHOR: history
    /// Calls `each` for what is there, oldest first. A tail is counted first and read then: however
    /// many lines are asked for, none is kept in memory.
    pub fn history(&mut self, mut each: impl FnMut(Entry) -> Result<()>) -> Result<()> {
        let mut files = self.files()?;
        let mut skipped = match self.options.tail {
            Some(most) => self.count(&mut files)?.saturating_sub(most),
            None => 0,
        };
        for file in &mut files {
            self.each_entry(file, &mut |entry| match skipped {
                0 => each(entry),
                _ => {
                    skipped -= 1;
                    Ok(())
                }
            })?;
        }
        self.current = files.pop();
        Ok(())
    }
    // ANCHOR_END: history

    /// The log's files, oldest first; none before the first line is written.
    fn files(&self) -> Result<Vec<BufReader<File>>> {
        let older = (1..100).map(|number| self.path.with_extension(format!("log.{number}")));
        let older: Vec<PathBuf> = older.take_while(|path| path.exists()).collect();
        let mut files = Vec::new();
        for path in older.iter().rev().chain([&self.path]) {
            match File::open(path) {
                Ok(file) => files.push(BufReader::with_capacity(256 * 1024, file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
            }
        }
        Ok(files)
    }

    /// How many lines there are that are wanted; the files are where they were.
    fn count(&mut self, files: &mut [BufReader<File>]) -> Result<usize> {
        let mut count = 0;
        for file in files {
            self.each_entry(file, &mut |_| {
                count += 1;
                Ok(())
            })?;
            self.partial.clear();
            file.rewind().context("cannot read the log")?;
        }
        Ok(count)
    }

    /// Calls `each` for the whole lines from here to the end.
    fn each_entry(&mut self, file: &mut BufReader<File>, each: &mut impl FnMut(Entry) -> Result<()>) -> Result<()> {
        // Without a newline the writer is in the middle of it, and it stays to be completed.
        while file.read_line(&mut self.partial).context("cannot read the log")? > 0 && self.partial.ends_with('\n') {
            // One that is damaged hides no other.
            if let Ok(entry) = serde_json::from_str::<Entry>(&self.partial)
                && self.options.wants(&entry)
            {
                each(entry)?;
            }
            self.partial.clear();
        }
        Ok(())
    }

    /// Calls `each` for what has been written since. A log that was rotated or emptied is read from its
    /// new beginning.
    pub fn news(&mut self, mut each: impl FnMut(Entry) -> Result<()>) -> Result<()> {
        let mut file = match self.current.take() {
            Some(file) => file,
            None => match File::open(&self.path) {
                Ok(file) => BufReader::new(file),
                Err(_) => return Ok(()),
            },
        };
        self.each_entry(&mut file, &mut each)?;
        while self.was_rotated(&mut file)? {
            // What was written between our last look and the rotation.
            self.each_entry(&mut file, &mut each)?;
            self.partial.clear();
            match self.successor(&file)? {
                Some(next) => file = next,
                None => break,
            }
            self.each_entry(&mut file, &mut each)?;
        }
        self.current = Some(file);
        Ok(())
    }

    /// The file that was begun after this one: of numbered ones the next lower, or the log itself.
    fn successor(&self, file: &BufReader<File>) -> Result<Option<BufReader<File>>> {
        use std::os::unix::fs::MetadataExt;
        let known = file.get_ref().metadata()?.ino();
        let numbered = |number: u32| match number {
            0 => self.path.clone(),
            _ => self.path.with_extension(format!("log.{number}")),
        };
        let all = (0..100).map(numbered).take_while(|path| path.exists()).collect::<Vec<_>>();
        let place = all.iter().position(|path| std::fs::metadata(path).is_ok_and(|meta| meta.ino() == known));
        // One that is gone, or was emptied: what is oldest now comes next.
        let next = match place {
            Some(0) => 0,
            Some(place) => place - 1,
            None => all.len().saturating_sub(1),
        };
        Ok(File::open(numbered(next as u32)).ok().map(BufReader::new))
    }

    fn was_rotated(&self, file: &mut BufReader<File>) -> Result<bool> {
        use std::os::unix::fs::MetadataExt;
        let Ok(now) = std::fs::metadata(&self.path) else { return Ok(false) };
        let known = file.get_ref().metadata()?;
        Ok(now.ino() != known.ino() || now.len() < file.stream_position()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogWriter;

    /// What is there, and what comes after another line.
    fn read(path: &Path, log: &mut LogWriter, tail: Option<usize>) -> (String, String) {
        let options = LogOptions { stdout: true, stderr: true, tail, ..LogOptions::default() };
        let mut reader = LogReader::open(path, options);
        let mut lines = Vec::new();
        let mut each = |entry: Entry| -> Result<()> {
            lines.push(entry.log.to_string());
            Ok(())
        };
        reader.history(&mut each).unwrap();
        each(Entry { log: "|".into(), stream: "".into(), time: "".into() }).unwrap();
        log.take(1, b"new\n");
        reader.news(&mut each).unwrap();
        let text = lines.concat();
        let (history, news) = text.split_once('|').unwrap();
        (history.into(), news.into())
    }

    #[test]
    fn a_tail_is_the_end_of_all_files_and_what_follows_is_read_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x-json.log");
        let mut log = LogWriter::open(&path, Some(200), Some(9)).unwrap();
        (0..7).for_each(|number| log.take(1, format!("{number}\n").as_bytes()));
        assert!(path.with_extension("log.2").exists(), "the log is in several files");
        let mut read = |tail| read(&path, &mut log, tail);
        let strings = |history: &str| (history.to_string(), "new\n".to_string());
        assert_eq!(read(Some(usize::MAX)), strings("0\n1\n2\n3\n4\n5\n6\n"));
        assert_eq!(read(Some(4)), strings("4\n5\n6\nnew\n"));
        assert_eq!(read(Some(0)), strings(""));
        assert_eq!(read(None), strings("0\n1\n2\n3\n4\n5\n6\nnew\nnew\nnew\n"));
    }
}
