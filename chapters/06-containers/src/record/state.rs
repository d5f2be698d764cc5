//! What became of a container.

use std::fmt;

use ch01_namespaces::{Life, RecordedProcess};
use serde::{Deserialize, Serialize};

/// Docker's words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was never started.
    #[default]
    Created,
    /// Its command runs.
    Running,
    /// It runs, and is halted.
    Paused,
    /// It has ended, and is about to be started again.
    Restarting,
    /// It has ended.
    Exited,
    /// It could not be removed.
    Dead,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::Created => "created",
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Restarting => "restarting",
            Status::Exited => "exited",
            Status::Dead => "dead",
        })
    }
}

/// As it is written down. Whoever reads it asks as well whether the shim that wrote "running" still
/// lives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordState {
    /// What its shim wrote last.
    pub status: Status,
    /// The first process, as the host counts; 0 when there is none.
    pub pid: i32,
    /// The shim of this life.
    pub shim: Option<RecordedProcess>,
    /// The exit status of the last life.
    pub exit_code: u8,
    /// Whether the kernel killed for memory in it.
    pub oom_killed: bool,
    /// Why it could not be started.
    pub error: String,
    /// When the last life began and ended: RFC 3339; empty for never.
    pub started_at: String,
    /// See [`RecordState::started_at`].
    pub finished_at: String,
    /// How often it was started again by its policy.
    pub restart_count: u32,
    /// Whether somebody stopped it, so that its policy doesn't start it again.
    pub was_stopped: bool,
    /// The signal by which somebody stopped it first; 0 if nobody did.
    pub stopped_by: i32,
    /// How the life before this one ended: who looks late sees only this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life_before: Option<LifeEnd>,
}

/// How a life ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LifeEnd {
    /// See [`RecordState::exit_code`].
    pub exit_code: u8,
    /// See [`RecordState::oom_killed`].
    pub oom_killed: bool,
    /// See [`RecordState::stopped_by`].
    pub stopped_by: i32,
}

impl RecordState {
    /// How the last life ended, if there was one.
    pub fn end(&self) -> Option<LifeEnd> {
        let RecordState { exit_code, oom_killed, stopped_by, .. } = *self;
        (!self.started_at.is_empty()).then_some(LifeEnd { exit_code, oom_killed, stopped_by })
    }

    /// Whether it claims to have a process.
    pub fn is_active(&self) -> bool {
        matches!(self.status, Status::Running | Status::Paused | Status::Restarting)
    }

    // ANCHOR: truth
    /// The corrected state, if the shim was killed (`kill -9`, a reboot): the kernel has then killed
    /// its container with SIGKILL. `None` if the recorded state is right.
    pub fn corrected(&self) -> Option<RecordState> {
        let shim_lives = self.shim.as_ref().is_some_and(|shim| shim.life() != Life::Gone);
        if !self.is_active() || shim_lives {
            return None;
        }
        let finished_at = if self.finished_at > self.started_at { self.finished_at.clone() } else { crate::now() };
        Some(RecordState { status: Status::Exited, pid: 0, shim: None, exit_code: 137, finished_at, ..self.clone() })
    }
    // ANCHOR_END: truth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_container_without_a_shim_has_ended() {
        let state = RecordState { status: Status::Running, pid: 7, ..RecordState::default() };
        let corrected = state.corrected().unwrap();
        assert_eq!((corrected.status, corrected.exit_code, corrected.pid), (Status::Exited, 137, 0));
        assert!(!corrected.finished_at.is_empty());
        assert_eq!(RecordState::default().corrected(), None);
    }
}
