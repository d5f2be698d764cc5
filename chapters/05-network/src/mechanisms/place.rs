//! Where a network's bridge is, and how it comes up there.

use std::fs;

use anyhow::Result;
use ch01_namespaces::RecordedProcess;

use crate::firewall;
use crate::netlink::Netlink;
use crate::network::{Network, Networks, bring_up};
use crate::rootless::Holder;

/// The network namespace with a network's bridge.
#[derive(Debug)]
pub enum Place {
    /// Our own, which we are root over.
    Here,
    /// The user's own, kept by a holder. We are in its user namespace already.
    Users(Holder),
}

impl Place {
    /// The process that keeps it, if one does.
    pub fn holder(&self) -> Option<&RecordedProcess> {
        match self {
            Place::Here => None,
            Place::Users(holder) => Some(holder.process()),
        }
    }

    /// Whether published ports have rules there.
    pub fn has_rules(&self) -> bool {
        matches!(self, Place::Here) && firewall::is_available()
    }

    /// Whether a network's bridge is there, as far as can be seen from here: to bring it up, a process
    /// has to go to the user's namespace, where nobody else makes interfaces. See proc_pid_net(5).
    pub fn is_known_to_have(&self, network: &Network) -> bool {
        let Some(holder) = self.holder() else { return false };
        let interfaces = fs::read_to_string(format!("/proc/{}/net/dev", holder.pid)).unwrap_or_default();
        interfaces.lines().filter_map(|line| line.split_once(':')).any(|(name, _)| name.trim() == network.bridge)
    }

    /// Brings a network up, unless it is. Returns a netlink socket of the bridge's namespace, and the
    /// bridge's index.
    pub fn bring_up(&self, networks: &Networks, network: &Network) -> Result<(Netlink, u32)> {
        let netlink = match self {
            Place::Here => Netlink::open()?,
            Place::Users(holder) => holder.netlink()?,
        };
        let _alone = networks.lock()?;
        networks.expect_defined(network)?;
        if let Place::Users(_) = self {
            bring_up::remove_stale(network, &netlink)?;
        }
        let bridge = bring_up::bring_up(network, &netlink, || self.set_rules(networks, network))?;
        Ok((netlink, bridge))
    }

    /// Of the network, in the namespace where its bridge is.
    fn set_rules(&self, networks: &Networks, network: &Network) -> Result<()> {
        match self {
            Place::Here => bring_up::set_rules(network),
            Place::Users(holder) if holder.has_way_out(networks) => holder.work(|| bring_up::set_rules(network)),
            // Nothing is forwarded there, so there is nothing to be kept out.
            Place::Users(_) => Ok(()),
        }
    }
}
