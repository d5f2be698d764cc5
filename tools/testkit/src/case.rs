//! One case.

use std::time::Duration;

use lab::Lab;

/// A function that claims something, and how it is to be run.
#[derive(Debug, Clone)]
pub struct Case {
    target: &'static str,
    name: &'static str,
    pub(crate) body: fn() -> anyhow::Result<()>,
    as_root: bool,
    pub(crate) time_limit: Duration,
}

impl Case {
    /// Use [`cases!`](crate::cases) or [`root_cases!`](crate::root_cases).
    #[doc(hidden)]
    pub fn new(target: &'static str, name: &'static str, body: fn() -> anyhow::Result<()>) -> Case {
        Case { target, name, body, as_root: false, time_limit: Duration::from_secs(60) }
    }

    /// Runs it as root of its lab.
    pub fn as_root(mut self) -> Case {
        self.as_root = true;
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

    pub(crate) fn lab(&self) -> Lab {
        if self.as_root { Lab::new() } else { Lab::as_caller() }
    }
}
