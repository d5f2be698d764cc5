//! The caller's terminal, which the container may read and write, but not type on.

use anyhow::Result;

use crate::mechanism::{Handover, Mechanism};
use crate::plan::{Inside, Plan};
use crate::stage::Stage;
use crate::sys;

// ANCHOR: terminal
/// Where the container shares its caller's terminal, it may not put words into the mouth of who
/// sits there: TIOCSTI and TIOCLINUX are refused, see [`terminal_input`]. A container without the
/// caller's terminal needs no filter and gets none.
#[derive(Debug, Clone, Default)]
pub struct SharedTerminal {
    is_within_reach: bool,
}

impl Mechanism for SharedTerminal {
    fn name(&self) -> &'static str {
        "terminal"
    }

    /// Among the last: a filter takes CAP_SYS_ADMIN, and no step of ours needs what it refuses.
    fn stage(&self) -> Stage {
        Stage::Seal
    }

    /// Asked on the host: in the container's root, /dev/tty may be anything.
    fn prepare(&mut self, _: &mut Plan) -> Result<()> {
        self.is_within_reach = terminal_input::is_within_reach();
        Ok(())
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        if self.is_within_reach { sys::refuse_typing(&crate::steps::REFUSE_TYPING) } else { Ok(()) }
    }
}
// ANCHOR_END: terminal
