//! `mydocker logs`: what a container in the background has written.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::arguments::Logs;
use crate::record::Record;

/// How often `-f` looks for news.
const PAUSE: Duration = Duration::from_millis(100);

/// Prints it, each line to the stream that it came from; with `-f` until the container has ended.
pub fn logs(asked: &Logs) -> Result<()> {
    let record = Record::find(&asked.container)?;
    let has_ended = || !asked.follow || record.exit_code().is_some();
    match print_until(&record.log(), &has_ended) {
        // Like `logs | head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.with_context(|| format!("the log of {}", asked.container)),
    }
}

/// Prints all that there is.
pub fn print(log: &Path) -> io::Result<()> {
    print_until(log, &|| true)
}

fn print_until(log: &Path, has_ended: &dyn Fn() -> bool) -> io::Result<()> {
    // The oldest first.
    for number in (1..).take_while(|number| older(log, *number).exists()).collect::<Vec<u32>>().into_iter().rev() {
        print_lines(&mut BufReader::new(File::open(older(log, number))?), &mut Vec::new())?;
    }
    let mut reader = BufReader::new(File::open(log)?);
    let mut line = Vec::new();
    loop {
        // Asked before reading, or the last line might come in between.
        let (ended, is_current) = (has_ended(), is_same_file(reader.get_ref(), log));
        print_lines(&mut reader, &mut line)?;
        match is_current {
            true if ended => return Ok(()),
            true => sleep(PAUSE),
            // It has been renamed; a new one comes with the next line.
            false => match File::open(log) {
                Ok(file) => reader = BufReader::new(file),
                Err(_) if ended => return Ok(()),
                Err(_) => sleep(PAUSE),
            },
        }
    }
}

fn older(log: &Path, number: u32) -> std::path::PathBuf {
    format!("{}.{number}", log.display()).into()
}

fn is_same_file(file: &File, path: &Path) -> bool {
    let inode = |found: io::Result<fs::Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
    inode(file.metadata()).is_some_and(|ours| inode(fs::metadata(path)) == Some(ours))
}

/// Prints the whole lines that there are; `line` keeps what is there of the next one.
fn print_lines(reader: &mut BufReader<File>, line: &mut Vec<u8>) -> io::Result<()> {
    while reader.read_until(b'\n', line)? > 0 && line.ends_with(b"\n") {
        if let Ok(entry) = serde_json::from_slice::<serde_json::Value>(line) {
            let text = entry["log"].as_str().unwrap_or_default().as_bytes();
            match entry["stream"].as_str() {
                Some("stderr") => io::stderr().write_all(text)?,
                _ => io::stdout().write_all(text)?,
            }
        }
        line.clear();
    }
    io::stdout().flush()
}
