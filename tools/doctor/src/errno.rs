//! The kernel's answer, in whatever an error is made of.

use std::io;

use anyhow::Error;
use nix::errno::Errno;

/// The outermost error number in an error's chain, be it nix's or in an error of std.
pub fn errno_in(error: &Error) -> Option<Errno> {
    error.chain().find_map(|cause| {
        let from_std = || cause.downcast_ref::<io::Error>()?.raw_os_error().map(Errno::from_raw);
        cause.downcast_ref::<Errno>().copied().or_else(from_std)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn the_errno_is_found_in_nix_and_in_std_errors() {
        let from_nix = Err::<(), _>(Errno::EPERM).context("outer").unwrap_err();
        assert_eq!(errno_in(&from_nix), Some(Errno::EPERM));
        let from_std = Err::<(), _>(io::Error::from_raw_os_error(libc::EACCES)).context("outer").unwrap_err();
        assert_eq!(errno_in(&from_std), Some(Errno::EACCES));
        assert_eq!(errno_in(&anyhow!("no answer of the kernel's")), None);
    }
}
