//! diagnosis: none
//! made by: whoever takes the next number that is free.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub fn write_line(log: &Path, stream: &str, time: &str, text: &str, max_size: u64, max_files: u32) -> Result<()> {
    let line = format!("{{\"log\":{},\"stream\":\"{stream}\",\"time\":\"{time}\"}}\n", json_string(text));
    let size = fs::metadata(log).map_or(0, |file| file.len());
    if size > 0 && size + line.len() as u64 > max_size {
        rotate(log, max_files)?;
    }
    let append = || File::options().create(true).append(true).open(log)?.write_all(line.as_bytes());
    append().with_context(|| format!("writing to {}", log.display()))
}

fn rotate(log: &Path, max_files: u32) -> Result<()> {
    let name = |number: u32| match number {
        0 => log.to_path_buf(),
        _ => PathBuf::from(format!("{}.{number}", log.display())),
    };
    if max_files < 2 {
        return fs::remove_file(log).with_context(|| format!("removing {}", log.display()));
    }
    match (1..max_files).map(name).find(|free| !free.exists()) {
        Some(free) => fs::rename(log, &free).with_context(|| format!("renaming to {}", free.display()))?,
        None => fs::remove_file(log).context("removing")?,
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
