//! `network`: networks of one's own.

use std::net::Ipv4Addr;

use anyhow::Result;
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{StoreFlags, report, say};
use ch04_unionfs::verbs::Format;
use clap::Subcommand;
use ipnet::Ipv4Net;
use serde_json::Value;

use crate::network::{Network, Networks, Wishes};

/// Create, list, inspect and remove networks.
#[derive(Subcommand)]
pub enum NetworkVerb {
    /// Create a network, on which containers find each other by name. Prints its name.
    #[command(after_help = "Examples:\n  network create web\n  network create --subnet 10.5.0.0/24 --internal db")]
    Create {
        /// The subnet, such as 10.5.0.0/24 [default: a free one]
        #[arg(long, value_name = "ADDRESS/PREFIX", value_parser = parse_subnet)]
        subnet: Option<Ipv4Net>,
        /// The bridge's own address [default: the subnet's first]
        #[arg(long, value_name = "ADDRESS")]
        gateway: Option<Ipv4Addr>,
        /// Forbid connections to and from other networks.
        #[arg(long)]
        internal: bool,
        /// The bridge's name, at most 15 bytes.
        #[arg(long, value_name = "NAME")]
        bridge: Option<String>,
        /// The largest packet, in bytes [default: the kernel's, 1500]
        #[arg(long, value_name = "BYTES")]
        mtu: Option<u32>,
        /// A label: NAME=VALUE. May be repeated.
        #[arg(long, value_name = "NAME=VALUE")]
        label: Vec<String>,
        /// The network's name. (`bridge` configures the default network before its first use.)
        name: String,
    },
    /// List networks.
    Ls {
        /// Show only matching networks: label=NAME, label=NAME=VALUE, name=PART. May be repeated.
        #[arg(long, short, value_name = "FILTER", value_parser = parse_filter)]
        filter: Vec<Filter>,
        /// `json`: one array of objects: name, id, bridge, subnet, gateway, internal, mtu, labels.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Print only names.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Show networks and their containers, as JSON.
    Inspect {
        /// Names.
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Remove networks that no container uses.
    Rm {
        /// Names.
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// Where networks are kept: on this machine, or with a daemon (chapter 7).
pub trait NetworkStore {
    /// Makes one.
    fn create(&self, name: &str, wishes: &Wishes) -> Result<()>;
    /// All that are bridges.
    fn all(&self) -> Result<Vec<Network>>;
    /// One, with who is on it.
    fn inspect(&self, name: &str) -> Result<Value>;
    /// Removes one that nobody is on.
    fn remove(&self, name: &str) -> Result<()>;
}

impl NetworkStore for Networks {
    fn create(&self, name: &str, wishes: &Wishes) -> Result<()> {
        Networks::create(self, name, wishes).map(drop)
    }

    fn all(&self) -> Result<Vec<Network>> {
        Ok(Networks::all(self)?.into_values().collect())
    }

    fn inspect(&self, name: &str) -> Result<Value> {
        let mut object = serde_json::to_value(self.find(name)?)?;
        object["containers"] = serde_json::to_value(self.on_network(name)?)?;
        Ok(object)
    }

    fn remove(&self, name: &str) -> Result<()> {
        Networks::remove(self, name)
    }
}

impl NetworkVerb {
    /// Does it on this machine.
    pub fn act(self, flags: &StoreFlags) -> Result<u8> {
        self.act_on(&Networks::open(flags)?)
    }

    /// Does it where these networks are.
    pub fn act_on(self, networks: &dyn NetworkStore) -> Result<u8> {
        match self {
            NetworkVerb::Create { subnet, gateway, internal, bridge, mtu, label, name } => {
                let pair = |label: String| {
                    let (name, value) = label.split_once('=').unwrap_or((&label, ""));
                    (name.to_string(), value.to_string())
                };
                let labels = label.into_iter().map(pair).collect();
                networks.create(&name, &Wishes { subnet, gateway, internal, bridge, mtu, labels })?;
                say!("{name}");
                Ok(0)
            }
            NetworkVerb::Ls { filter, format, quiet } => list(networks, &filter, format, quiet),
            NetworkVerb::Inspect { names } => inspect(networks, &names),
            NetworkVerb::Rm { names } => remove(networks, &names),
        }
    }
}

/// The parser's own error gives no example.
fn parse_subnet(text: &str) -> Result<Ipv4Net, String> {
    text.parse().map_err(|_| "use an address and the length of its prefix, such as 10.5.0.0/24".into())
}

/// Which networks to list.
#[derive(Debug, Clone)]
pub enum Filter {
    /// Those with a label.
    Label(String),
    /// Those with this in their names.
    Name(String),
}

fn parse_filter(text: &str) -> Result<Filter, String> {
    match text.split_once('=') {
        Some(("label", label)) => Ok(Filter::Label(label.into())),
        Some(("name", part)) => Ok(Filter::Name(part.into())),
        _ => Err("use label=NAME, label=NAME=VALUE or name=PART".into()),
    }
}

impl Filter {
    fn includes(&self, network: &Network) -> bool {
        match self {
            Filter::Label(label) => network.has_label(label),
            Filter::Name(part) => network.name.contains(part),
        }
    }
}

fn list(networks: &dyn NetworkStore, filters: &[Filter], format: Format, quiet: bool) -> Result<u8> {
    end_quietly_in_a_pipe()?;
    let mut all = networks.all()?;
    all.retain(|network| filters.iter().all(|filter| filter.includes(network)));
    if format == Format::Json {
        say!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(0);
    }
    if !quiet {
        say!("{:<16} {:<15} {:<18} {:<15} INTERNAL", "NAME", "BRIDGE", "SUBNET", "GATEWAY");
    }
    for network in all {
        if quiet {
            say!("{}", network.name);
            continue;
        }
        let Network { name, bridge, subnet, gateway, internal, .. } = network;
        say!("{name:<16} {bridge:<15} {:<18} {:<15} {internal}", subnet.to_string(), gateway.to_string());
    }
    Ok(0)
}

fn inspect(networks: &dyn NetworkStore, names: &[String]) -> Result<u8> {
    end_quietly_in_a_pipe()?;
    let mut found = Vec::new();
    let mut status = 0;
    for name in names {
        match networks.inspect(name) {
            Ok(network) => found.push(network),
            Err(error) => status = report(&error),
        }
    }
    say!("{}", serde_json::to_string_pretty(&found)?);
    Ok(status)
}

fn remove(networks: &dyn NetworkStore, names: &[String]) -> Result<u8> {
    let mut status = 0;
    for name in names {
        match networks.remove(name) {
            Ok(()) => say!("{name}"),
            Err(error) => status = report(&error),
        }
    }
    Ok(status)
}
