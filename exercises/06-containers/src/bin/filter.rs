//! The program around an answer to exercise 6.10. `cargo wb check 6.10` builds it and runs it in
//! the lab.

use given::checked;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::ForkResult;

include!(concat!(env!("OUT_DIR"), "/filter.rs"));

/// Another flag, which a call may well have: CLONE_FILES.
const ANOTHER: u64 = libc::CLONE_FILES as u64;

/// The seven kinds, as in clone(2).
const KINDS: [u64; 7] = [0x20000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000];

/// Each try is a process of its own, which installs the filter, calls, and gives itself a name that
/// says what came of it: the call, its flags, and the errno.
fn main() {
    checked::ready(given::user_namespace);
    let filter = answers::filter::no_new_namespaces();
    let mut tries: Vec<(char, u64)> = KINDS.iter().flat_map(|kind| [('u', *kind), ('c', *kind)]).collect();
    tries.extend([('3', 0x400_0000), ('c', 0), ('g', 0), ('x', 0x400_0000)]);
    for (call, flags) in tries {
        match given::fork() {
            Ok(ForkResult::Child) => call_once(&filter, call, flags),
            Ok(ForkResult::Parent { .. }) => {}
            Err(error) => checked::returned(Err(error)),
        }
    }
    checked::returned(Ok(()))
}

fn call_once(filter: &[libc::sock_filter], call: char, flags: u64) -> ! {
    let errno = match given::install_filter(filter) {
        Err(_) => -1,
        Ok(()) => match called(call, flags) {
            Ok(()) => 0,
            Err(errno) => errno as i32,
        },
    };
    checked::stay_as(&format!("{call} {flags:x} {errno}"))
}

fn called(call: char, flags: u64) -> nix::Result<()> {
    let made = match call {
        'u' => return unshare(CloneFlags::from_bits_retain(flags as i32)),
        // With a second flag, unless it is the harmless one.
        'c' => checked::clone(if flags == 0 { 0 } else { flags | ANOTHER })?,
        '3' => checked::clone3(flags)?,
        'x' => return checked::unshare_as_32bit(flags as u32).unwrap_or(Err(nix::errno::Errno::ENOSYS)),
        _ => {
            return nix::unistd::setpgid(nix::unistd::Pid::from_raw(0), nix::unistd::Pid::from_raw(0));
        }
    };
    match made {
        Some(_) => Ok(()),
        None => checked::stay_as("born"),
    }
}
