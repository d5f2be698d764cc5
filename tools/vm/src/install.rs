//! Getting a kernel and virtme-ng, from the distribution's and Python's own package servers, by
//! their own clients. Needs no root.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::kernel::Kernel;
use crate::missing::on_fedora;
use crate::places;
use crate::programs::{self, QEMU};
use crate::virtme::{self, SHA256, VERSION};

/// Packages that depend on a distribution's newest kernel; the first that exists is taken.
const KERNELS: [&str; 3] = ["linux-image-6.12-amd64", "linux-image-amd64", "linux-image-generic"];

/// Downloads what isn't here yet: virtme-ng (1 MB), and a kernel with its modules (100 MB, 120 MB
/// unpacked) unless the machine's own will do. As root for everybody on the machine, otherwise to
/// the user's cache. Says on stderr what it does.
///
/// # Errors
/// Names the command that failed and what it said.
pub fn install() -> Result<()> {
    let place = places::own();
    fs::create_dir_all(&place).with_context(|| format!("make the directory {}", place.display()))?;
    match virtme::find() {
        Some(directory) => eprintln!("vm: virtme-ng is here: {}", directory.display()),
        None => virtme_ng(&place).context("getting virtme-ng")?,
    }
    match Kernel::find(None) {
        Ok(kernel) => eprintln!("vm: a kernel is here: {}", kernel.image.display()),
        Err(_) => kernel(&place).context("getting a kernel")?,
    }
    if programs::find(QEMU).is_none() {
        eprintln!("vm: {QEMU} isn't here, and comes from your distribution: sudo apt-get install qemu-system-x86");
    }
    if nix::unistd::geteuid().is_root() {
        // The guest's root is read-only, and it mounts on this.
        fs::create_dir_all("/lib/modules").context("make the directory /lib/modules")?;
    }
    Ok(())
}

fn virtme_ng(place: &Path) -> Result<()> {
    let python =
        programs::find("python3").context("python3 isn't installed: sudo apt-get install python3 python3-pip")?;
    let work = Work::in_place(place, "virtme-ng")?;
    let wish = work.0.join("wish");
    fs::write(&wish, format!("virtme-ng=={VERSION} --hash=sha256:{SHA256}\n")).context("write pip's list")?;
    let target = work.0.join("target");
    eprintln!("vm: downloading virtme-ng {VERSION}");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]);
    pip.args(["--only-binary", ":all:", "--require-hashes", "--requirement"]).arg(&wish);
    pip.arg("--target").arg(&target).env("PIP_ROOT_USER_ACTION", "ignore");
    succeed(&mut pip).context("without pip: sudo apt-get install python3-pip, or sudo dnf install python3-pip")?;
    keep(&target, &place.join(virtme::directory_name()))
}

fn kernel(place: &Path) -> Result<()> {
    ensure!(
        !on_fedora() && programs::find("apt-get").is_some(),
        "no readable kernel with the modules that are needed is here, and only Debian's and Ubuntu's can be downloaded; on \
         Fedora: sudo dnf install kernel-core kernel-modules"
    );
    let image = KERNELS
        .iter()
        .find_map(|package| concrete(&text_of(Command::new("apt-cache").args(["depends", package])).ok()?))
        .context("apt knows no kernel; its lists may be missing: sudo apt-get update")?;
    let release = image.trim_start_matches("linux-image-").to_string();
    // Ubuntu has the modules in packages of their own.
    let mut packages = vec![image];
    for of_modules in ["linux-modules", "linux-modules-extra"].map(|name| format!("{name}-{release}")) {
        if text_of(Command::new("apt-cache").args(["show", "--no-all-versions", &of_modules]))
            .is_ok_and(|t| !t.is_empty())
        {
            packages.push(of_modules);
        }
    }
    let work = Work::in_place(place, "kernel")?;
    eprintln!("vm: downloading {} (about 100 MB)", packages.join(", "));
    // As root, apt downloads as a user who can't write here.
    let mut apt = Command::new("apt-get");
    apt.args(["--quiet", "--quiet", "--option", "APT::Sandbox::User=root", "download"]).args(&packages);
    succeed(apt.current_dir(&work.0))?;
    let root = work.0.join("root");
    for package in entries(&work.0).iter().filter(|file| file.extension() == Some(OsStr::new("deb"))) {
        succeed(Command::new("dpkg-deb").arg("--extract").arg(package).arg(&root))?;
    }
    let depmod = programs::find("depmod").context("depmod isn't installed: sudo apt-get install kmod")?;
    succeed(Command::new(depmod).arg("--all").arg("--basedir").arg(&root).arg(&release))?;
    let kernels = place.join("kernel");
    fs::create_dir_all(&kernels).with_context(|| format!("make the directory {}", kernels.display()))?;
    keep(&root, &kernels.join(&release))
}

/// The package of one kernel that a package of the newest kernel depends on.
fn concrete(depends: &str) -> Option<String> {
    let names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let image =
        |name: &&str| name.strip_prefix("linux-image-").is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
    names.map(str::trim).find(image).map(str::to_string)
}

/// A directory that removes itself, in the place where its contents shall stay, since a rename
/// can't leave a file system.
struct Work(PathBuf);

impl Work {
    fn in_place(place: &Path, name: &str) -> Result<Work> {
        let directory = place.join(format!("{name}-{}.part", std::process::id()));
        fs::create_dir(&directory).with_context(|| format!("make the directory {}", directory.display()))?;
        Ok(Work(directory))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Another run may have been quicker; then its result stays.
fn keep(made: &Path, at: &Path) -> Result<()> {
    match fs::rename(made, at) {
        Err(_) if at.is_dir() => {}
        result => result.with_context(|| format!("move {} to {}", made.display(), at.display()))?,
    }
    eprintln!("vm: {} is ready", at.display());
    Ok(())
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}

fn text_of(command: &mut Command) -> Result<String> {
    let done = command.env("LC_ALL", "C").stdin(Stdio::null()).output()?;
    ensure!(done.status.success(), "{}", done.status);
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Its output is shown only where it failed.
fn succeed(command: &mut Command) -> Result<()> {
    let done = command.stdin(Stdio::null()).output().with_context(|| format!("start {command:?}"))?;
    if !done.status.success() {
        bail!("{command:?}: {}\n{}", done.status, String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_kernel_is_what_the_package_depends_on() {
        let debian = "linux-image-amd64\n  Depends: linux-image-6.1.0-50-amd64\n";
        assert_eq!(concrete(debian).as_deref(), Some("linux-image-6.1.0-50-amd64"));
        let ubuntu =
            "linux-image-generic\n  Depends: linux-image-6.8.0-31-generic\n |Depends: x\n  Depends: linux-firmware\n";
        assert_eq!(concrete(ubuntu).as_deref(), Some("linux-image-6.8.0-31-generic"));
    }

    #[test]
    fn a_package_without_a_kernel_gives_none() {
        assert_eq!(concrete("x\n  Depends: linux-image-amd64\n  Depends: linux-firmware\n"), None);
    }
}
