//! Block devices: proven by the time that a read takes.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, needs};

use crate::running::{expect_nothing_left, format_output, need_cgroups, run};

pub fn cases() -> Vec<Case> {
    cases![a_slow_device_is_slow, a_weight_is_kept_to_or_refused]
}

/// A node of the disk that a file is on: a lab has none, and the numbers are all that is needed.
fn disk_of(file: &Path) -> Result<PathBuf> {
    let device = fs::metadata(file)?.dev();
    let (major, minor) = (nix::sys::stat::major(device), nix::sys::stat::minor(device));
    let block = PathBuf::from(format!("/sys/dev/block/{major}:{minor}"));
    needs::that(block.exists() && !block.join("partition").exists(), "files on a whole disk")?;
    node("/tmp/disk", major, minor)
}

/// A node of any disk, if only to be named; a machine may have none.
pub fn some_disk() -> Result<Option<PathBuf>> {
    let numbers = fs::read_dir("/sys/block").into_iter().flatten().flatten().find_map(|disk| {
        let text = fs::read_to_string(disk.path().join("dev")).ok()?;
        let (major, minor) = text.trim().split_once(':')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    });
    numbers.map(|(major, minor)| node("/tmp/disk", major, minor)).transpose()
}

/// A node of a block device, whether there is such a device or not.
pub fn node(path: &str, major: u64, minor: u64) -> Result<PathBuf> {
    let made = Command::new("mknod").args([path, "b", &major.to_string(), &minor.to_string()]).status()?;
    ensure!(made.success());
    Ok(path.into())
}

fn a_slow_device_is_slow() -> Result<()> {
    need_cgroups()?;
    needs::root()?;
    let file = std::env::current_exe()?;
    let disk = disk_of(&file)?;
    ensure!(fs::metadata(&file)?.len() > 4 << 20, "this program is too small to be read slowly");
    let volume = format!("{}:/data:ro", file.parent().context("no directory")?.display());
    let name = file.file_name().context("no name")?.to_string_lossy();
    let script = format!("dd if=/data/{name} of=/dev/null bs=1M count=2 iflag=direct 2>&1");
    let time = |flags: &[&str]| -> Result<Duration> {
        // What is cached is read from nowhere.
        let _ =
            nix::fcntl::posix_fadvise(File::open(&file)?, 0, 0, nix::fcntl::PosixFadviseAdvice::POSIX_FADV_DONTNEED);
        let begin = Instant::now();
        let output = run(&[&["-v", &volume][..], flags].concat(), &script).output()?;
        ensure!(output.status.success(), "{}", format_output(&output));
        Ok(begin.elapsed())
    };
    let free = time(&[])?;
    let held = time(&["--device-read-bps", &format!("{}:1m", disk.display())])?;
    ensure!(held > Duration::from_millis(900) && held > free, "2 MB at 1 MB/s in {held:?} (free: {free:?})");
    expect_nothing_left()
}

fn a_weight_is_kept_to_or_refused() -> Result<()> {
    need_cgroups()?;
    let output = run(&["--io-weight", "100"], "true").output()?;
    let said = format_output(&output);
    let all = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let mut schedulers = all.map(|disk| fs::read_to_string(disk.path().join("queue/scheduler")).unwrap_or_default());
    if !schedulers.any(|text| text.contains("[bfq]")) {
        // (io.cost would be the other one. The lab hides whether it is on: then it counts as off.)
        ensure!(output.status.code() == Some(125), "{said}");
        ensure!(said.contains("--io-weight can't be applied") && said.contains("bfq"), "{said}");
    } else {
        ensure!(output.status.success(), "{said}");
    }
    expect_nothing_left()
}
