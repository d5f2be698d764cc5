//! The directory that the command starts in.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};

use crate::rooted::Root;
use crate::{steps, sys};

/// Changes into a directory of the container's, made if it is missing, as Docker does.
#[derive(Debug, Clone)]
pub struct WorkingDirectory {
    directory: PathBuf,
}

impl WorkingDirectory {
    /// An absolute path in the container.
    pub fn new(directory: &Path) -> Result<WorkingDirectory> {
        if !directory.is_absolute() {
            bail!("the working directory {} must be an absolute path in the container", directory.display());
        }
        Ok(WorkingDirectory { directory: directory.into() })
    }
}

impl Mechanism for WorkingDirectory {
    fn name(&self) -> &'static str {
        "working directory"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    // ANCHOR: inside
    /// After the change the kernel is asked where we are. A descriptor leaked from the host, as
    /// /proc/self/fd/8, would be a way out (CVE-2024-21626): what is outside the root has no path in
    /// it, and getcwd(2) says so.
    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        let root = Root::open(&inside.root)?;
        let directory = root.directory(&self.directory)?;
        sys::fchdir(&steps::CHANGE_DIRECTORY, directory.as_fd(), &self.directory)?;
        let here = nix::unistd::getcwd().context("the working directory is not inside the container's root")?;
        if !here.is_absolute() {
            bail!("the working directory {} is not inside the container's root", self.directory.display());
        }
        Ok(())
    }
    // ANCHOR_END: inside
}
