//! Flags for the network, and what they decide.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ch01_namespaces::{ContainerFlags, Design, Namespace, new_id, report};
use clap::Args;

use crate::mechanisms::{BridgeEndpoint, EtcFiles, Loopback, Place};
use crate::mode::NetworkMode;
use crate::names::ExtraHost;
use crate::network::{DEFAULT, Endpoint, Networks};
use crate::ports::Publish;
use crate::rootless::{Holder, owns_network_namespace};

/// Chapter 5's own flags.
#[derive(Args, Debug, Clone, Default)]
pub struct NetworkFlags {
    /// The network: bridge, none, host (the machine's), container:NAME (the network of that container),
    /// or a name from `network create` [default: bridge; none if that isn't possible]
    #[arg(long, visible_alias = "net", value_name = "MODE|NETWORK")]
    pub network: Option<NetworkMode>,
    /// Publish a port: [[IP:]HOST:]CONTAINER. Without HOST, or with 0, a free port is chosen. May be
    /// repeated.
    #[arg(short, long, value_name = "[[IP:]HOST:]CONTAINER")]
    pub publish: Vec<Publish>,
    /// Use this name server instead of the machine's. May be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub dns: Vec<IpAddr>,
    /// Add a line to /etc/hosts. May be repeated.
    #[arg(long, value_name = "NAME:ADDRESS")]
    pub add_host: Vec<ExtraHost>,
}

/// The flags of chapters 1 to 5.
#[derive(Args, Debug, Default)]
#[group(skip)] // clap would name it Flags, like that of other chapters
pub struct Flags {
    /// Those of chapters 1 to 4.
    #[command(flatten)]
    pub earlier: ch04_unionfs::Flags,
    /// Chapter 5's own.
    #[command(flatten)]
    pub network: NetworkFlags,
    /// Decided on the way.
    #[arg(skip)]
    decision: Option<Decision>,
}

/// What the container is to be connected to.
#[derive(Debug)]
enum Decision {
    Host,
    /// What `--join net` names.
    Joined,
    None,
    Container(String),
    Network {
        name: String,
        holder: Option<Holder>,
    },
}

impl ContainerFlags for Flags {
    /// An ordinary user's networks are in a user namespace of theirs, in which this process goes on.
    fn delegate(&mut self, design: &Design) -> Result<()> {
        self.earlier.delegate(design)?;
        self.check()?;
        self.decision = Some(self.decide(design)?);
        Ok(())
    }

    fn plan(mut self, design: &mut Design) -> Result<()> {
        let id = match &design.spec.id {
            Some(id) => id.clone(),
            None => design.spec.id.insert(new_id()?).clone(),
        };
        let decision = self.decision.take().context("internal error: the network was not decided")?;
        match &decision {
            Decision::Host | Decision::Joined => {}
            Decision::None | Decision::Network { .. } => design.add_default_namespace(Namespace::Net),
            Decision::Container(container) => {
                let join = format!("net={container}").parse().map_err(|error| anyhow::anyhow!("{error}"))?;
                self.namespaces_mut().join.push(join);
            }
        }
        let made = self.namespaces_mut().made(design.default_namespaces);
        let machines = nix::unistd::gethostname()?.to_string_lossy().into_owned();
        let whose = decision.container_with_names(design)?;
        let hostname = match &self.namespaces_mut().hostname {
            _ if !made.has(Namespace::Uts) => machines,
            Some(hostname) => hostname.clone(),
            None => match (&decision, &whose) {
                (Decision::Host, _) => machines,
                (_, Some(other)) => EtcFiles::hostname_in(other).unwrap_or_else(|| id[..12].into()),
                _ => id[..12].into(),
            },
        };
        if made.has(Namespace::Uts) {
            self.namespaces_mut().hostname = Some(hostname.clone());
        }
        let networks = Networks::open(design.store_flags())?;
        if made.has(Namespace::Mount) && !matches!(decision, Decision::Joined) {
            let (dns, extra) = (self.network.dns.clone(), self.network.add_host.clone());
            let mut files = EtcFiles::new(hostname.clone(), dns, extra, networks.clone());
            files.are_the_machines = matches!(decision, Decision::Host);
            files.shared_with = whose;
            design.add(files);
        }
        match decision {
            Decision::Network { name, holder } => {
                let endpoint = Endpoint {
                    network: name.clone(),
                    address: Ipv4Addr::UNSPECIFIED,
                    hostname,
                    name: design.spec.name.clone(),
                    ports: self.network.publish.clone(),
                    rootless: holder.is_some(),
                };
                let network = networks.find(&name)?;
                let place = holder.map_or(Place::Here, Place::Users);
                let role: Vec<OsString> = design.store_flags().as_args();
                design.add(BridgeEndpoint::new(networks, network, place, id, endpoint, role));
            }
            Decision::None if made.has(Namespace::Net) => design.add(Loopback),
            _ => {}
        }
        self.earlier.plan(design)
    }
}

impl Decision {
    /// The state directory of the container whose network, and so whose name files, this one has.
    fn container_with_names(&self, design: &Design) -> Result<Option<PathBuf>> {
        match self {
            Decision::Container(container) => Ok(Some(design.store()?.find(container)?.0)),
            _ => Ok(None),
        }
    }
}

impl Flags {
    fn namespaces_mut(&mut self) -> &mut ch01_namespaces::NamespaceFlags {
        &mut self.earlier.earlier.earlier.namespaces
    }

    /// What contradicts itself.
    fn check(&self) -> Result<()> {
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

    fn decide(&self, design: &Design) -> Result<Decision> {
        let namespaces = &self.earlier.earlier.earlier.namespaces;
        let joins_net = namespaces.join.iter().any(|join| join.kind() == Namespace::Net);
        let without_net = namespaces.namespaces.is_some_and(|set| !set.has(Namespace::Net));
        match &self.network.network {
            Some(NetworkMode::Host) => Ok(Decision::Host),
            Some(NetworkMode::None) => Ok(Decision::None),
            Some(NetworkMode::Container(name)) => {
                self.enter_for_container(design, name)?;
                Ok(Decision::Container(name.clone()))
            }
            Some(NetworkMode::Network(name)) => self.on_network(design, name),
            None if joins_net => Ok(Decision::Joined),
            None if without_net => Ok(Decision::Host),
            // Namespaces that were chosen by hand stay as they were chosen.
            None if namespaces.namespaces.is_some() && self.network.publish.is_empty() => Ok(Decision::None),
            None => match self.on_network(design, DEFAULT) {
                Err(error) if self.network.publish.is_empty() => {
                    report(&error.context("the container gets no network"));
                    Ok(Decision::None)
                }
                decision => decision,
            },
        }
    }

    // ANCHOR: on_network
    /// Where bridges can be made: in this network namespace, or in the user's own namespaces.
    fn on_network(&self, design: &Design, name: &str) -> Result<Decision> {
        let flags = design.store_flags();
        let networks = Networks::open(flags)?;
        let network = networks.find(name)?;
        if owns_network_namespace() {
            return Ok(Decision::Network { name: network.name, holder: None });
        }
        // This must be decided before the process enters another user namespace.
        flags.data_root();
        let holder = Holder::find_or_start(flags, &networks)?;
        holder.enter_user_namespace()?;
        Ok(Decision::Network { name: network.name, holder: Some(holder) })
    }
    // ANCHOR_END: on_network

    /// A container on a user's network is in the user's namespace, and its sandbox can be joined only
    /// from there.
    fn enter_for_container(&self, design: &Design, name: &str) -> Result<()> {
        let (directory, _) = design.store()?.find(name)?;
        if Endpoint::read(&directory).is_some_and(|endpoint| endpoint.rootless) {
            design.store_flags().data_root();
            let networks = Networks::open(design.store_flags())?;
            Holder::find_or_start(design.store_flags(), &networks)?.enter_user_namespace()?;
        }
        Ok(())
    }
}
