//! A file system that nobody has used, in a file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Mounts from here on are this process's alone, and vanish with it.
pub fn keep_mounts_to_ourselves() -> Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    Ok(mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?)
}

pub struct FreshDisk {
    place: PathBuf,
    image: PathBuf,
}

impl FreshDisk {
    /// Makes and mounts one.
    pub fn mount(work: &Path) -> Result<FreshDisk> {
        let disk = FreshDisk { place: work.join("disk"), image: work.join("disk.img") };
        fs::create_dir_all(&disk.place)?;
        File::create(&disk.image)?.set_len(2 << 30)?;
        let quiet = |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        ensure!(quiet(Command::new("mkfs.ext4").args(["-q", "-E", "lazy_itable_init=0"]).arg(&disk.image))?.success());
        ensure!(Command::new("mount").args(["-o", "loop"]).arg(&disk.image).arg(&disk.place).status()?.success());
        Ok(disk)
    }

    pub fn path(&self) -> &Path {
        &self.place
    }
}

impl Drop for FreshDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.place).status();
        let _ = fs::remove_file(&self.image);
    }
}
