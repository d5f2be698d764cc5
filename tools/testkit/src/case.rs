//! One case.

use std::time::Duration;

use lab::Lab;

/// A function that claims something, and how it is to be run.
#[derive(Debug, Clone)]
pub struct Case {
    target: &'static str,
    name: &'static str,
    pub(crate) body: fn() -> anyhow::Result<()>,
    place: Place,
    shared_mounts: bool,
    own_cgroups: bool,
    pub(crate) time_limit: Duration,
}

impl Case {
    /// Use [`cases!`](crate::cases) or [`root_cases!`](crate::root_cases).
    #[doc(hidden)]
    pub fn new(target: &'static str, name: &'static str, body: fn() -> anyhow::Result<()>) -> Case {
        Case {
            target,
            name,
            body,
            place: Place::LabAsCaller,
            shared_mounts: false,
            own_cgroups: false,
            time_limit: Duration::from_secs(60),
        }
    }

    /// Runs it as root of its lab.
    pub fn as_root(mut self) -> Case {
        self.place = Place::LabAsRoot;
        self
    }

    /// Makes the lab's mounts shared, as systemd leaves those of a real machine: what leaks is
    /// seen.
    pub fn with_shared_mounts(mut self) -> Case {
        self.shared_mounts = true;
        self
    }

    /// Gives its lab a cgroup of its own in each hierarchy where this user may make one: what the
    /// case makes there goes with it.
    pub fn with_own_cgroups(mut self) -> Case {
        self.own_cgroups = true;
        self
    }

    /// Runs it on the machine itself, in a fresh process but in no lab: for what only the machine's
    /// own user namespace has (set-user-ID helpers). Such a case must not touch anything of the
    /// machine's.
    pub fn on_the_machine(mut self) -> Case {
        self.place = Place::Machine;
        self
    }

    /// After this time the case and all it started are killed; 60 seconds unless told.
    pub fn time_limit(mut self, limit: Duration) -> Case {
        self.time_limit = limit;
        self
    }

    /// What `cargo test NAME` looks at.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// `package::target::name`: as unique as the line in the list of skips has to be.
    pub(crate) fn full_name(&self) -> String {
        format!("{}::{}", self.target, self.name)
    }

    /// The lab that it runs in, if any.
    pub(crate) fn lab(&self) -> Option<Lab> {
        let lab = match self.place {
            Place::LabAsCaller => Lab::as_caller(),
            Place::LabAsRoot => Lab::new(),
            Place::Machine => return None,
        };
        let lab = if self.shared_mounts { lab.shared_mounts() } else { lab };
        Some(if self.own_cgroups { lab.own_cgroups() } else { lab })
    }
}

/// Where a case runs.
#[derive(Debug, Clone, Copy)]
enum Place {
    LabAsCaller,
    LabAsRoot,
    Machine,
}
