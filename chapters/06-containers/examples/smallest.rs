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
        None => anyhow::bail!("say where the log goes, and what to run"),
    }
}

// ANCHOR: smallest
/// What you type: it makes the shim, and has nothing more to do.
fn start(directory: &Path, command: &[String]) -> Result<()> {
    fs::create_dir(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let mut shim = Command::new(std::env::current_exe()?);
    shim.arg("shim").arg(directory).args(command);
    // Nothing of ours stays with it: neither the terminal's descriptors nor, below, its signals.
    shim.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    println!("{}", shim.spawn().context("cannot start the shim")?.id());
    Ok(())
}

/// The command's parent for as long as it lives: only a parent learns how its child ended.
fn shim(directory: &Path, command: &[String]) -> Result<()> {
    // Without a terminal no Ctrl-C comes, and its closing (SIGHUP) doesn't concern us.
    setsid().context("setsid")?;
    let (output, writer) = std::io::pipe()?;
    let mut child = Command::new(command.first().context("say what to run")?);
    child.args(&command[1..]).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut running = child.spawn().context("cannot start the command")?;
    // It holds the pipe's other end, too: without this the end of the output would never come.
    drop(child);

    let mut log = File::create(directory.join("log"))?;
    for line in BufReader::new(output).split(b'\n') {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        log.write_all(&[format!("{now} ").as_bytes(), &line?, b"\n"].concat())?;
    }
    let status = running.wait()?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));

    // Whole or not at all: who reads it meanwhile never sees half a number.
    fs::write(directory.join("status.new"), format!("{}\n", code.unwrap_or(255)))?;
    Ok(fs::rename(directory.join("status.new"), directory.join("status"))?)
}
// ANCHOR_END: smallest
