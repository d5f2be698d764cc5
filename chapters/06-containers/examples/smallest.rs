//! The whole idea in one `main`: a command in the background, whose log and exit status outlive who
//! started it.
//!
//! `cargo run -p ch06-containers --example smallest-shim -- /tmp/boat sleep 5`, and later
//! `cat /tmp/boat/status`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result};
use nix::unistd::setsid;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("shim") => shim(Path::new(&args[1]), &args[2..]),
        Some(directory) => start(Path::new(directory), &args[1..]),
        None => anyhow::bail!("usage: smallest-shim DIRECTORY COMMAND"),
    }
}

// ANCHOR: smallest
/// The command that you type: it makes the shim and ends.
fn start(directory: &Path, command: &[String]) -> Result<()> {
    fs::create_dir(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let mut shim = Command::new(std::env::current_exe()?);
    shim.arg("shim").arg(directory).args(command);
    // The shim gets neither the terminal's descriptors nor, because of setsid, its signals.
    shim.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    println!("{}", shim.spawn().context("cannot start the shim")?.id());
    Ok(())
}

/// The command's parent, which runs as long as the command: only a parent gets the exit status.
fn shim(directory: &Path, command: &[String]) -> Result<()> {
    // In a new session, the shim gets no Ctrl-C, and no SIGHUP when the terminal is closed.
    setsid().context("setsid")?;
    let (output, writer) = std::io::pipe()?;
    let mut child = Command::new(command.first().context("no command was given")?);
    child.args(&command[1..]).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut running = child.spawn().context("cannot start the command")?;
    // `command` also holds the pipe's write end. It must be closed, or the output would never end.
    drop(child);

    let mut log = File::create(directory.join("log"))?;
    for line in BufReader::new(output).split(b'\n') {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        log.write_all(&[format!("{now} ").as_bytes(), &line?, b"\n"].concat())?;
    }
    let status = running.wait()?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));

    // rename(2) is atomic: a reader sees the complete file or none.
    fs::write(directory.join("status.new"), format!("{}\n", code.unwrap_or(255)))?;
    Ok(fs::rename(directory.join("status.new"), directory.join("status"))?)
}
// ANCHOR_END: smallest
