//! A terminal of the container's own: a pair of descriptors, one for the container's processes, one
//! for the shim.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use anyhow::{Context, Result};
use ch01_namespaces::explain::note;
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};
use ch02_rootfs::rooted::Root;
use ch02_rootfs::sys::{attach, copy_tree, open_in_root};
use nix::errno::Errno;

use crate::{steps, sys};

// ANCHOR: console
/// A pty from the container's own devpts, so that `tty` and `ps` in the container know its name.
/// The process becomes a session leader with this controlling terminal, which Ctrl-C, job control
/// and `su` need. The pty's master is sent to the host.
///
/// So the container can't reach the caller's terminal, and can't insert input there (chapter 1's
/// TIOCSTI).
#[derive(Debug, Clone, Default)]
pub struct Console {
    /// Columns and rows, if they are known.
    pub size: Option<(u16, u16)>,
    /// Whether this is the container's first process, for which /dev/console is also this terminal.
    pub is_first: bool,
}

impl Mechanism for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn stage(&self) -> Stage {
        Stage::Cover
    }

    fn enter(&self, _: Handover, inside: &mut Inside) -> Result<()> {
        let (ours, theirs) = sys::open_terminal().context("cannot open a terminal of the container's own")?;
        note(&steps::TERMINAL, "open", || vec!["/dev/ptmx".into()]);
        if let Some((columns, rows)) = self.size {
            sys::set_window_size(ours.as_fd(), columns, rows)?;
        }
        if self.is_first {
            mount_console(&theirs).context("cannot make /dev/console the terminal")?;
        }
        sys::take_terminal(theirs.as_fd()).context("cannot make the terminal the container's")?;
        inside.give_to_host(ours);
        Ok(())
    }
}
// ANCHOR_END: console

/// Programs that complain when all else fails write to /dev/console. A link in its place is not
/// followed: it would be mounted over whatever it leads to (CVE-2025-52565).
fn mount_console(terminal: &OwnedFd) -> Result<()> {
    let (root, path) = (Root::open(Path::new("/"))?, Path::new("/dev/console"));
    let place = match open_in_root(root.as_fd(), path, false) {
        // A /dev of the user's own, without one.
        Err(Errno::ENOENT) => return Ok(()),
        place => place?,
    };
    let by_descriptor = format!("/proc/self/fd/{}", terminal.as_raw_fd());
    let mount = copy_tree(&steps::CONSOLE, Path::new(&by_descriptor))?;
    attach(&steps::CONSOLE, "terminal", mount.as_fd(), place.as_fd(), path)
}
