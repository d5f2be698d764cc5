use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl;
use nix::unistd::execveat;

/// What a container's environment is made from. Whatever else the caller's has may be secret, and a
/// PID 1 shows all of it in /proc/1/environ.
const VARIABLES: [&str; 3] = ["PATH", "HOME", "TERM"];

const SEALS: SealFlag =
    SealFlag::F_SEAL_WRITE.union(SealFlag::F_SEAL_GROW).union(SealFlag::F_SEAL_SHRINK).union(SealFlag::F_SEAL_SEAL);

/// Starts this program again from a copy in memory that nobody can write to, with a short
/// environment. Call it before anything else is done for a container: what was done is lost.
///
/// A process of ours that is in the container shows our program as /proc/PID/exe. Without the copy
/// a container could write to it as soon as nobody runs it, and our next start would be the
/// attacker's program (CVE-2019-5736).
pub fn start_from_sealed_copy(name: &str) -> Result<()> {
    let own = File::open("/proc/self/exe").context("open(/proc/self/exe)")?;
    if fcntl(&own, FcntlArg::F_GET_SEALS).is_ok_and(|seals| seals & SEALS.bits() == SEALS.bits()) {
        // The kernel has named this process after the number of a descriptor.
        return prctl::set_name(&c_string(name.into())?).context("prctl(PR_SET_NAME)");
    }
    let identity = Identity::of_file(&own.metadata().context("fstat of our own program")?);
    let mut copy = File::from(executable_memory(&identity.memory_name(name)?).context(
        "memfd_create: there is no sealed copy of mydocker, and a container could overwrite the program\n\
         cause: this machine allows no executable memory files (sysctl vm.memfd_noexec is 2)\n\
         cure: sysctl vm.memfd_noexec=1",
    )?);
    io::copy(&mut &own, &mut copy).context("copying our own program into memory")?;
    fcntl(&copy, FcntlArg::F_ADD_SEALS(SEALS)).context("fcntl(F_ADD_SEALS) on the copy of our program")?;

    let arguments = env::args_os().map(c_string).collect::<Result<Vec<_>>>()?;
    let kept = env::vars_os().filter(|(name, _)| VARIABLES.iter().any(|kept| name == kept));
    let environment = kept.map(|(name, value)| c_string([name, value].join(OsStr::new("="))));
    let environment = environment.collect::<Result<Vec<_>>>()?;
    let Err(errno) = execveat(&copy, c"", &arguments, &environment, AtFlags::AT_EMPTY_PATH);
    Err(errno).context("execveat of the sealed copy of our program")
}

/// A memory file with this name. MFD_EXEC says that it will be executed; it is Linux 6.3.
fn executable_memory(name: &CString) -> nix::Result<std::os::fd::OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    memfd_create(name.as_c_str(), flags | MFdFlags::from_bits_retain(libc::MFD_EXEC)).or_else(|errno| match errno {
        Errno::EINVAL => memfd_create(name.as_c_str(), flags),
        other => Err(other),
    })
}

fn c_string(bytes: OsString) -> Result<CString> {
    CString::new(bytes.into_vec()).context("a word of the command line has a NUL byte in it")
}

/// Which file a process's program is: device and inode. A sealed copy has them in its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// Of the process `process`: a number, or `self`.
    pub(crate) fn of_process(process: &str) -> Option<Self> {
        let link = format!("/proc/{process}/exe");
        let target = fs::read_link(&link).ok()?;
        Self::from_memory_name(target.to_str()?).or_else(|| Some(Self::of_file(&fs::metadata(&link).ok()?)))
    }

    fn of_file(file: &fs::Metadata) -> Self {
        Self { device: file.dev(), inode: file.ino() }
    }

    fn memory_name(self, name: &str) -> Result<CString> {
        c_string(format!("{name} {} {}", self.device, self.inode).into())
    }

    /// From what /proc/PID/exe of such a copy leads to: `/memfd:mydocker 64768 1234 (deleted)`.
    fn from_memory_name(target: &str) -> Option<Self> {
        let name = target.strip_prefix("/memfd:")?.strip_suffix(" (deleted)")?;
        let (name, inode) = name.rsplit_once(' ')?;
        let (_, device) = name.rsplit_once(' ')?;
        Some(Self { device: device.parse().ok()?, inode: inode.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_in_memory_is_known_by_the_file_that_it_was_copied_from() {
        let identity = Identity { device: 7, inode: 42 };
        let name = identity.memory_name("my docker").unwrap();
        let target = format!("/memfd:{} (deleted)", name.to_str().unwrap());
        assert_eq!(Identity::from_memory_name(&target), Some(identity));
        assert_eq!(Identity::from_memory_name("/memfd:other (deleted)"), None);
        assert_eq!(Identity::from_memory_name("/usr/bin/a 1 2 (deleted)"), None);
    }
}
