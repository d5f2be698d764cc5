//! The lab's view of the file system: the machine's, read-only, with private places that are empty.

use std::fs::{self, DirBuilder, File, Permissions};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use doctor::Step;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};

use crate::devices::Devices;
use crate::kept::{PRIVATE_PLACES, hidden_but_wanted, is_checkout};
use crate::observe;
use crate::refusal::At;
use crate::request::Request;
use crate::sys::{On, attach_mounts, copy_of_mounts, set_read_only};

const NOTHING: Option<&str> = None;

/// Makes the mounts of this process safe to hand to a program. The mount namespace must be new and
/// belong to us.
///
/// `cgroups`: directories of the lab's own cgroups, and the mount points at which they shall be
/// seen, writable.
pub(crate) fn make_safe(request: &Request, program: &Path, cgroups: &[(PathBuf, PathBuf)]) -> Result<()> {
    // First of all, or every mount below would appear on the machine, whose / systemd makes shared.
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING).with_context(|| At {
        step: Step::Propagation,
        call: "make all mounts private: mount(MS_REC|MS_PRIVATE) on /".to_string(),
    })?;
    let working_directory = std::env::current_dir().ok();
    let places = private_places();
    let kept = take_copies(request, program, working_directory.as_deref(), &places)?;
    let devices = Devices::take()?;
    let cgroups = cgroups.iter().map(|(from, to)| Copy::take_as(from, to, false)).collect::<Result<Vec<_>>>()?;
    everything_read_only()?;
    devices.put_in_place()?;
    for place in &places {
        let mode = if place == Path::new("/run") { "mode=755" } else { "mode=1777" };
        mount(Some("lab"), place, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some(mode))
            .with_context(|| format!("mount a tmpfs on {}", place.display()))?;
    }
    for copy in kept.iter().chain(&cgroups) {
        copy.put_back()?;
    }
    populate_run();
    // The working directory still is the directory that is now covered, and writable through the mount
    // it was reached by.
    if let Some(directory) = working_directory {
        let _ = std::env::set_current_dir(directory);
    }
    Ok(())
}

/// The private places that this machine has, without symbolic links and each once (/var/tmp may be
/// a link to /tmp).
fn private_places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = PRIVATE_PLACES.iter().filter_map(|place| fs::canonicalize(place).ok()).collect();
    places.retain(|place| place.is_dir());
    places.sort();
    places.dedup();
    places
}

struct Copy {
    at: PathBuf,
    is_directory: bool,
    mounts: OwnedFd,
}

impl Copy {
    fn take(path: &Path, read_only: bool) -> Result<Copy> {
        Copy::take_as(path, path, read_only)
    }

    /// To be mounted elsewhere.
    fn take_as(path: &Path, at: &Path, read_only: bool) -> Result<Copy> {
        let mounts = copy_of_mounts(path).with_context(|| format!("keep {}: open_tree", path.display()))?;
        if read_only {
            set_read_only(On::Detached(mounts.as_fd()), true)
                .with_context(|| format!("keep {} read-only: mount_setattr", path.display()))?;
        }
        Ok(Copy { at: at.to_path_buf(), is_directory: path.is_dir(), mounts })
    }

    /// Mounts the copy where it was; in a private place there is nothing to mount it on yet.
    fn put_back(&self) -> Result<()> {
        if !self.at.exists() {
            let directory = if self.is_directory { Some(self.at.as_path()) } else { self.at.parent() };
            directory.map_or(Ok(()), fs::create_dir_all).with_context(|| format!("make {}", self.at.display()))?;
            if !self.is_directory {
                File::create(&self.at).with_context(|| format!("make {}", self.at.display()))?;
            }
        }
        attach_mounts(self.mounts.as_fd(), &self.at).with_context(|| format!("keep {}: move_mount", self.at.display()))
    }
}

/// Copies of what must not disappear, and of what shall stay writable, taken while all is as it
/// was. Read-only ones come first, since writable ones may lie in them.
fn take_copies(request: &Request, program: &Path, here: Option<&Path>, places: &[PathBuf]) -> Result<Vec<Copy>> {
    let executable = std::env::current_exe().ok();
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let program = program.to_str().is_none_or(|name| name.contains('/')).then(|| program.to_path_buf());
    let mut wanted: Vec<PathBuf> = [here.map(Path::to_path_buf), package].into_iter().flatten().collect();
    for file in [executable, program].into_iter().flatten() {
        wanted.extend(fs::canonicalize(file).ok().and_then(|file| Some(file.parent()?.to_path_buf())));
    }
    wanted.extend(request.visible.iter().map(PathBuf::from));
    let wanted: Vec<PathBuf> = wanted.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
    let mut copies = Vec::new();
    for path in hidden_but_wanted(&wanted, places, is_checkout) {
        copies.push(Copy::take(&path, true)?);
    }
    for path in &request.writable {
        let path = Path::new(path);
        let path = fs::canonicalize(path).with_context(|| format!("keep {} writable", path.display()))?;
        copies.push(Copy::take(&path, false)?);
    }
    Ok(copies)
}

/// Everything but /proc and /sys: a mount that is read-only when a less privileged mount namespace
/// copies it is locked so, and then the kernel refuses a writable /proc in a container too
/// (mount_namespaces(7); EPERM).
fn everything_read_only() -> Result<()> {
    match set_read_only(On::TreeAt(Path::new("/")), true) {
        // Outer sandboxes with an old list of system calls.
        Err(Errno::ENOSYS | Errno::EPERM) => read_only_one_by_one(),
        result => result.context("make everything read-only: mount_setattr(AT_RECURSIVE, MOUNT_ATTR_RDONLY) on /"),
    }?;
    for own in ["/proc", "/sys"] {
        // Refused where the machine itself has locked it; then it stays read-only.
        let _ = set_read_only(On::MountAt(Path::new(own)), false);
    }
    Ok(())
}

fn read_only_one_by_one() -> Result<()> {
    let own = std::process::id() as i32;
    for found in observe::mountinfo(own)? {
        if found.file_system == "proc" || found.file_system == "sysfs" {
            continue;
        }
        // Flags that are locked must be named again, or the kernel takes it for an attempt to clear them.
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | found.flags();
        match mount(NOTHING, &found.mount_point, NOTHING, flags, NOTHING) {
            // Covered by a later mount, or gone.
            Ok(()) | Err(Errno::EINVAL | Errno::ENOENT) => {}
            Err(errno) => {
                return Err(errno).with_context(|| format!("make {} read-only", found.mount_point.display()));
            }
        }
    }
    Ok(())
}

/// What programs expect to find in /run. Best effort: a lab without it is still a lab.
fn populate_run() {
    let private = |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path);
    let _ = fs::create_dir("/run/lock");
    // By chmod, which the umask doesn't touch.
    let _ = fs::set_permissions("/run/lock", Permissions::from_mode(0o1777));
    if let Some(directory) = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)
        && PRIVATE_PLACES.iter().any(|place| directory.starts_with(place))
    {
        let _ = private(&directory);
    }
}
