//! The program around an answer to exercise 7.5. `cargo wb check 7.5` builds it and runs it in the
//! lab.

use std::fs;
use std::io::{Read, Write, pipe};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use given::checked;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{ForkResult, Pid};

include!(concat!(env!("OUT_DIR"), "/find_running.rs"));

/// Arguments: a directory, the case, and what makes names unknowable.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut place = PathBuf::new();
    checked::ready(|| {
        let [directory, case, salt] = &arguments[..] else { bail!("arguments") };
        place = PathBuf::from(directory);
        fs::create_dir(&place).context("making a directory")?;
        if case == "Nowhere" { Ok(()) } else { write_records(&place.join("records"), salt, case == "Damaged") }
    });
    let found = answers::find_running::find_running(&place.join("records"));
    let written = found.and_then(|found| {
        let lines: String = found.iter().map(|(name, pidfd)| format!("{name} {}\n", pidfd.as_raw_fd())).collect();
        fs::write(place.join("found"), lines).context("writing down what was found")?;
        // Open until the checker has looked.
        std::mem::forget(found);
        Ok(())
    });
    checked::returned(written)
}

fn write_records(records: &Path, salt: &str, is_damaged: bool) -> Result<()> {
    fs::create_dir(records)?;
    let write = |kind: &str, text: String| fs::write(records.join(format!("{kind}-{salt}")), text);
    for kind in ["runs", "odd", "reused", "zombie"] {
        let name = if kind == "odd" { format!(") Z 1 ({salt}") } else { format!("{kind}-{salt}") };
        let pid = start(&name, kind == "zombie")?;
        let started = start_time(pid)?;
        // What had this number before began earlier.
        let recorded = if kind == "reused" { started.saturating_sub(7) } else { started };
        write(kind, format!("{pid} {recorded}\n"))?;
    }
    write("gone", format!("{} 1\n", i32::MAX - 1))?;
    if is_damaged {
        write("damaged", String::new())?;
        write("a-damaged", "4711 ".into())?;
    }
    Ok(())
}

/// A process with this name. One that is to end has ended, and nobody has waited for it.
fn start(name: &str, ends: bool) -> Result<Pid> {
    let (mut named, mut is_named) = pipe()?;
    match given::fork()? {
        ForkResult::Child => {
            checked::call_myself(name);
            let _ = is_named.write_all(b".");
            if ends {
                given::exit(0);
            }
            checked::stay_as(name)
        }
        ForkResult::Parent { child } => {
            named.read_exact(&mut [0]).context("a process with a name")?;
            if ends {
                waitid(Id::Pid(child), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
            }
            Ok(child)
        }
    }
}

fn start_time(pid: Pid) -> Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").context("stat")?;
    Ok(fields.split(' ').nth(19).context("stat")?.parse()?)
}
