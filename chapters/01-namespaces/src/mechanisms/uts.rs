//! A host name of its own: uts_namespaces(7).

use anyhow::Result;

use crate::mechanism::{Handover, Mechanism};
use crate::namespaces::Namespace;
use crate::plan::{Inside, Plan};
use crate::stage::Stage;
use crate::steps;
use crate::sys;

// ANCHOR: uts
/// A UTS namespace, and the names in it. A new one begins with a copy of the old names, so `None`
/// leaves it at that.
#[derive(Debug, Clone, Default)]
pub struct UtsNamespace {
    /// At most 64 bytes: sethostname(2).
    pub hostname: Option<String>,
    /// The NIS domain name, likewise: setdomainname(2). (DNS knows nothing of it.)
    pub domainname: Option<String>,
}

impl Mechanism for UtsNamespace {
    fn name(&self) -> &'static str {
        "uts"
    }

    fn stage(&self) -> Stage {
        Stage::System
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        plan.create.add(Namespace::Uts);
        Ok(())
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        if let Some(name) = &self.hostname {
            sys::sethostname(&steps::SET_HOSTNAME, name)?;
        }
        if let Some(name) = &self.domainname {
            sys::setdomainname(&steps::SET_DOMAINNAME, name)?;
        }
        Ok(())
    }
}
// ANCHOR_END: uts
