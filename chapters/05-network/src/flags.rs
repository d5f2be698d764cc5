//! Flags for the network, and what they decide.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use anyhow::{Context, Result};
use ch01_namespaces::{ContainerFlags, Design, Namespace, Target, new_id, report};
use clap::Args;

use crate::mechanisms::{BridgeEndpoint, EtcFiles, Loopback, Place};
use crate::mode::NetworkMode;
use crate::names::ExtraHost;
use crate::network::{DEFAULT, Endpoint, Network, Networks};
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
        network: Network,
        place: Place,
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
            // In ours already, as one on the machine's network, there is nothing to join: an ordinary user may
            // not even do that.
            Decision::Container(container) if is_in_our_network(container, design)? => {}
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
            Decision::Network { network, place } => {
                let endpoint = Endpoint {
                    network: network.name.clone(),
                    address: Ipv4Addr::UNSPECIFIED,
                    hostname,
                    name: design.spec.name.clone(),
                    ports: self.network.publish.clone(),
                    holder: place.holder().cloned(),
                };
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
            None if !self.network.publish.is_empty() => self.on_network(design, DEFAULT),
            None => self.on_default_network(design).or_else(|error| {
                report(&error.context("the container gets no network"));
                Ok(Decision::None)
            }),
        }
    }

    /// The bridge is made before anything else: where that isn't possible, the container is still to
    /// be had without a network.
    fn on_default_network(&self, design: &Design) -> Result<Decision> {
        let decision = self.on_network(design, DEFAULT)?;
        if let Decision::Network { network, place } = &decision
            && !place.is_known_to_have(network)
        {
            place.bring_up(&Networks::open(design.store_flags())?, network)?;
        }
        Ok(decision)
    }

    // ANCHOR: on_network
    /// Where bridges can be made: in this network namespace, or in the user's own namespaces.
    fn on_network(&self, design: &Design, name: &str) -> Result<Decision> {
        let flags = design.store_flags();
        let networks = Networks::open(flags)?;
        let network = networks.find(name)?;
        if owns_network_namespace() {
            return Ok(Decision::Network { network, place: Place::Here });
        }
        // This must be decided before the process enters another user namespace.
        flags.data_root();
        let holder = Holder::find_or_start(flags, &networks)?;
        holder.enter_user_namespace()?;
        Ok(Decision::Network { network, place: Place::Users(holder) })
    }
    // ANCHOR_END: on_network

    /// A container on a user's network is in the user's namespace, and its sandbox can be joined only
    /// from there.
    fn enter_for_container(&self, design: &Design, name: &str) -> Result<()> {
        let (directory, _) = design.store()?.find(name)?;
        if let Some(holder) = Endpoint::read(&directory).and_then(|endpoint| endpoint.holder) {
            design.store_flags().data_root();
            Holder::of_container(name, &holder)?.enter_user_namespace()?;
        }
        Ok(())
    }
}

fn is_in_our_network(container: &str, design: &Design) -> Result<bool> {
    let theirs = Target::named(container, || design.store())?.inode(Namespace::Net)?;
    Ok(theirs == Target::myself()?.inode(Namespace::Net)?)
}
