//! A namespace of somebody else's: setns(2).

use std::os::fd::OwnedFd;

use anyhow::{Result, bail};

use crate::mechanism::Mechanism;
use crate::namespaces::{Namespace, Namespaces};
use crate::plan::Plan;
use crate::stage::Stage;

/// Joins an existing namespace instead of making one. Two containers that share a network namespace
/// share its interfaces and ports: what Docker calls `--network container:NAME`.
#[derive(Debug)]
pub struct JoinNamespace {
    kind: Namespace,
    namespace: Option<OwnedFd>,
}

impl JoinNamespace {
    /// `namespace` is a file of /proc/PID/ns, a bind mount of one, or a pidfd.
    pub fn new(kind: Namespace, namespace: OwnedFd) -> JoinNamespace {
        JoinNamespace { kind, namespace: Some(namespace) }
    }
}

impl Mechanism for JoinNamespace {
    fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn stage(&self) -> Stage {
        Stage::Identity
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        let Some(namespace) = self.namespace.take() else { bail!("a namespace can be joined once") };
        plan.join.push((Namespaces::none().with(self.kind), namespace));
        Ok(())
    }
}
