//! A terminal of the container's own: a pair of descriptors, one for the container's processes, one
//! for the shim.

use std::os::fd::AsFd;

use anyhow::{Context, Result};
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};

use crate::sys;

// ANCHOR: console
/// A pty from the container's own devpts, so that `tty` and `ps` inside know its name. The process
/// becomes the leader of a session whose terminal it is: that is what makes Ctrl-C, job control and
/// `su` work. The other end goes up to the host.
///
/// With it the caller's terminal is out of the container's reach: nothing can be typed on it
/// (chapter 1's TIOCSTI).
#[derive(Debug, Clone, Default)]
pub struct Console {
    /// Letters and lines, if they are known.
    pub size: Option<(u16, u16)>,
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
        if let Some((columns, rows)) = self.size {
            sys::set_window_size(ours.as_fd(), columns, rows)?;
        }
        sys::take_terminal(theirs.as_fd()).context("cannot make the terminal the container's")?;
        inside.give_to_host(ours);
        Ok(())
    }
}
// ANCHOR_END: console
