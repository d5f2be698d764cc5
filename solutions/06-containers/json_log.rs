//! Exercise 6.3: write a log with rotation.
//!
//! Write Docker's json-file format: one JSON object per line, and a new file when one is full. Read
//! RFC 8259 (7, strings) and rename(2). Check with `cargo wb check 6.3`.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Adds a line to `log`: `{"log":TEXT,"stream":STREAM,"time":TIME}` and a newline. You can trust
/// `stream` and `time`, but `text` comes from the container. It contains its own newline, if it has
/// one.
///
/// A file has at most `max_size` bytes. If a single line is longer, its file contains only this
/// line. The last `max_files` files are kept, including `log`. The previous file is called `log.1`,
/// the one before `log.2`, and so on.
///
/// Returns an error with the file's name if a file can't be written or renamed.
pub fn write_line(log: &Path, stream: &str, time: &str, text: &str, max_size: u64, max_files: u32) -> Result<()> {
    // wb:answer
    let line = format!("{{\"log\":{},\"stream\":\"{stream}\",\"time\":\"{time}\"}}\n", json_string(text));
    let size = fs::metadata(log).map_or(0, |file| file.len());
    if size > 0 && size + line.len() as u64 > max_size {
        rotate(log, max_files)?;
    }
    let append = || File::options().create(true).append(true).open(log)?.write_all(line.as_bytes());
    append().with_context(|| format!("writing to {}", log.display()))
    // wb:starter
    // todo!("make the JSON line; does it fit into the file?")
    // wb:end
}

// wb:answer
fn rotate(log: &Path, max_files: u32) -> Result<()> {
    let name = |number: u32| match number {
        0 => log.to_path_buf(),
        _ => PathBuf::from(format!("{}.{number}", log.display())),
    };
    if max_files < 2 {
        return fs::remove_file(log).with_context(|| format!("removing {}", log.display()));
    }
    // From the oldest on, which is overwritten.
    for number in (0..max_files - 1).rev().filter(|number| name(*number).exists()) {
        let (from, to) = (name(number), name(number + 1));
        fs::rename(&from, &to).with_context(|| format!("renaming {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}

fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            control if control < ' ' => json.push_str(&format!("\\u{:04x}", control as u32)),
            other => json.push(other),
        }
    }
    json + "\""
}
// wb:end
