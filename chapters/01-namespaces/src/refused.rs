//! When the kernel says no: is it this machine's doing, and what would change that?

use nix::errno::Errno;

/// What the machine refuses, and the cure, if that is what this errno was about. `None` when the machine allows containers,
/// so that the error must have another reason.
pub(crate) fn reason(_errno: Errno) -> Option<String> {
    None
}
