#![allow(unsafe_code)]

use nix::unistd::ForkResult;

/// fork(2), for a process of one thread: another one could hold a lock that nobody unlocks in the
/// child.
pub fn fork() -> nix::Result<ForkResult> {
    // SAFETY: a floor starts no thread.
    unsafe { nix::unistd::fork() }
}
