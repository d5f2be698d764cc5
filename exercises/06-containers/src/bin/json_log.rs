//! The program around an answer to exercise 6.3. `cargo wb check 6.3` builds it and runs it in the
//! lab.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/json_log.rs"));

/// Arguments: a directory, which is made if it is to be `there`; the limits; and the lines, each as
/// stream, time and text, the latter in hexadecimal.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut log = PathBuf::new();
    checked::ready(|| {
        let [place, there, ..] = &arguments[..] else { bail!("arguments") };
        log = PathBuf::from(place).join("log");
        if there == "there" { fs::create_dir(place).context("making a directory") } else { Ok(()) }
    });
    checked::returned(write_all(&log, &arguments[2..]))
}

fn write_all(log: &std::path::Path, arguments: &[String]) -> Result<()> {
    let [size, files, lines @ ..] = arguments else { bail!("arguments") };
    let (size, files) = (size.parse()?, files.parse()?);
    for line in lines {
        let [stream, time, text] = line.split('\u{1f}').collect::<Vec<_>>()[..] else { bail!("a line") };
        let bytes: Vec<u8> =
            (0..text.len() / 2).filter_map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect();
        answers::json_log::write_line(log, stream, time, std::str::from_utf8(&bytes)?, size, files)?;
    }
    Ok(())
}
