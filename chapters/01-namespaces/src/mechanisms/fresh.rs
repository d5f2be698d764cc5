//! Namespaces that are complete when they are made: nothing is left to do inside.

use anyhow::Result;

use crate::mechanism::Mechanism;
use crate::namespaces::Namespace;
use crate::plan::Plan;
use crate::stage::Stage;

/// A new namespace of the given kind, made by the clone: the child is in it from its first
/// instruction.
///
/// - PID: the child is its PID 1. (`ps` shows that only with a [`Proc`](super::Proc) of its own.)
/// - IPC: no System V objects, no POSIX message queues.
/// - network: one interface, `lo`, and it is down.
#[derive(Debug, Clone)]
pub struct FreshNamespace {
    kind: Namespace,
}

impl FreshNamespace {
    /// Process ids: pid_namespaces(7).
    pub fn pid() -> FreshNamespace {
        FreshNamespace { kind: Namespace::Pid }
    }

    /// IPC objects: ipc_namespaces(7).
    pub fn ipc() -> FreshNamespace {
        FreshNamespace { kind: Namespace::Ipc }
    }

    /// Network: network_namespaces(7).
    pub fn net() -> FreshNamespace {
        FreshNamespace { kind: Namespace::Net }
    }
}

// ANCHOR: fresh
impl Mechanism for FreshNamespace {
    fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn stage(&self) -> Stage {
        if self.kind == Namespace::Net { Stage::Network } else { Stage::Identity }
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        plan.create.add(self.kind);
        Ok(())
    }
}
// ANCHOR_END: fresh
