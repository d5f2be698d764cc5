//! The loopback interface, which begins down in a new network namespace.

use anyhow::Result;
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};

use crate::netlink::Netlink;

/// A network namespace with nothing but itself: `--network none`.
#[derive(Debug, Clone, Default)]
pub struct Loopback;

impl Mechanism for Loopback {
    fn name(&self) -> &'static str {
        "loopback"
    }

    fn stage(&self) -> Stage {
        Stage::Network
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        Netlink::open()?.set_up("lo").map(drop)
    }
}
