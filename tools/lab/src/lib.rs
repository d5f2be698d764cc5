//! The lab: a fake host of fresh namespaces. (Signatures first; the rooms follow.)

use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

/// Must be the first line of `main` in every program that starts labs: a lab is entered by starting the same program
/// again, in a fresh single-threaded process, and this call is where that process turns off.
pub fn enter_if_asked() {}

/// A lab to be: who one is inside, and how long and how much.
#[derive(Debug, Clone)]
pub struct Lab {
    _as_caller: bool,
    _time_limit: Option<Duration>,
}

impl Lab {
    /// A lab in which one is root.
    pub fn new() -> Lab {
        Lab { _as_caller: false, _time_limit: None }
    }

    /// A lab in which one is who one was outside: an ordinary user stays one, without capabilities.
    pub fn as_caller() -> Lab {
        Lab { _as_caller: true, _time_limit: None }
    }

    /// After this time everything in the lab is killed.
    pub fn time_limit(mut self, limit: Duration) -> Lab {
        self._time_limit = Some(limit);
        self
    }

    /// A command that runs `program` in the lab. Its exit status is the program's (128+N for a signal).
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        Command::new(program)
    }
}

impl Default for Lab {
    fn default() -> Lab {
        Lab::new()
    }
}
