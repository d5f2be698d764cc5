//! Whom the kernel kills first: proc_pid_oom_score_adj(5). No cgroup has to do with it, and it
//! comes up in the same breath.

use std::path::Path;

use anyhow::Result;
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};

use crate::setting::write;
use crate::steps;

/// -1000 (never) to 1000 (first of all). Children inherit it.
#[derive(Debug)]
pub struct OomScore(pub i16);

impl Mechanism for OomScore {
    fn name(&self) -> &'static str {
        "oom score"
    }

    fn stage(&self) -> Stage {
        Stage::Limits
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        write(&steps::SET_OOM_SCORE, Path::new("/proc/self/oom_score_adj"), &self.0.to_string())
    }
}
