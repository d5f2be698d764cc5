//! Flags that contradict each other.

use anyhow::{Result, bail};
use ch01_namespaces::Namespace;

use crate::flags::Flags;
use crate::mode::NetworkMode;

impl Flags {
    /// What contradicts itself.
    pub(crate) fn check(&self) -> Result<()> {
        let namespaces = &self.earlier.earlier.earlier.namespaces;
        let joins_net = namespaces.join.iter().any(|join| join.kind() == Namespace::Net);
        let (mode, flags) = (&self.network.network, &self.network);
        if joins_net && mode.is_some() {
            bail!("--network and --join net contradict each other: a process is in one network namespace");
        }
        let has_net = namespaces.namespaces.map(|set| set.has(Namespace::Net));
        match (mode, has_net) {
            (Some(NetworkMode::Host | NetworkMode::Container(_)), Some(true)) => {
                bail!("--namespaces makes a network namespace, but --network uses another one")
            }
            (Some(NetworkMode::None | NetworkMode::Network(_)), Some(false)) => {
                bail!("--network needs a network namespace: add net to --namespaces")
            }
            _ => {}
        }
        self.check_names(joins_net)?;
        let publishes = !flags.publish.is_empty();
        match mode {
            Some(mode @ (NetworkMode::Host | NetworkMode::None | NetworkMode::Container(_))) if publishes => {
                bail!("-p needs a bridge network, but --network {mode} has none: omit -p or --network")
            }
            None if publishes && (joins_net || has_net == Some(false)) => {
                bail!("-p needs a bridge network, which needs a network namespace: omit -p")
            }
            _ => Ok(()),
        }
    }

    /// Flags for the name files, where these files are another container's or nobody's.
    fn check_names(&self, joins_net: bool) -> Result<()> {
        let (namespaces, network) = (&self.earlier.earlier.earlier.namespaces, &self.network);
        let given = [
            ("--dns", !network.dns.is_empty()),
            ("--add-host", !network.add_host.is_empty()),
            ("--hostname", namespaces.hostname.is_some()),
        ];
        let mut given = given.into_iter().filter_map(|(flag, is_given)| is_given.then_some(flag));
        if let (Some(NetworkMode::Container(other)), Some(flag)) = (&network.network, given.next()) {
            bail!(
                "{flag} and --network container:{other} contradict each other\ncause: the name files and the host \
                 name are those of {other}\ncure: omit {flag}; or give it to {other}"
            );
        }
        let has_mounts = namespaces.namespaces.is_none_or(|set| set.has(Namespace::Mount));
        let flag = if network.dns.is_empty() { "--add-host" } else { "--dns" };
        if network.dns.is_empty() && network.add_host.is_empty() {
            return Ok(());
        }
        if !has_mounts {
            bail!("{flag} needs a mount namespace, or it would change the host's files: add mount to --namespaces");
        }
        if joins_net {
            bail!("{flag} and --join net contradict each other: the name files stay those of the image");
        }
        Ok(())
    }
}
