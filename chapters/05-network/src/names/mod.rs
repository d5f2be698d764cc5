//! Who is called what: /etc/hosts, /etc/hostname, /etc/resolv.conf, as Docker makes them.

use std::fs::{self, File};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use ch01_namespaces::{LineRemoval, Undo, report};

use crate::network::{DEFAULT, Endpoint, Networks};

/// A line of /etc/hosts that the user wants: `NAME:ADDRESS`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ExtraHost {
    /// The name.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
}

impl std::str::FromStr for ExtraHost {
    type Err = String;

    fn from_str(text: &str) -> Result<ExtraHost, String> {
        let wrong = || format!("invalid host {text:?}: use NAME:ADDRESS, such as db:10.0.0.5");
        let (name, address) = text.split_once([':', '=']).ok_or_else(wrong)?;
        if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(wrong());
        }
        Ok(ExtraHost { name: name.into(), address: address.parse().map_err(|_| wrong())? })
    }
}

/// What goes into /etc/hosts.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// The container's own address and names.
    pub own: Option<(Ipv4Addr, Vec<String>)>,
    /// What the user wants.
    pub extra: Vec<ExtraHost>,
    /// Other containers on the same network.
    pub others: Vec<(Ipv4Addr, Vec<String>)>,
}

impl Hosts {
    /// As a file.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\n\
             ff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
        );
        text.push_str(&lines_of(&self.extra));
        for (address, names) in self.own.iter().chain(&self.others) {
            text.push_str(&line(*address, names));
            text.push('\n');
        }
        text
    }
}

fn lines_of(extra: &[ExtraHost]) -> String {
    extra.iter().map(|host| format!("{}\t{}\n", host.address, host.name)).collect()
}

fn line(address: Ipv4Addr, names: &[String]) -> String {
    format!("{address}\t{}", names.join(" "))
}

/// How the others on a container's network forget its name when it goes. `None` on the default
/// network, where nobody knows it.
pub fn forget(networks: &Networks, endpoint: &Endpoint) -> Option<Undo> {
    (endpoint.network != DEFAULT).then(|| {
        Undo::RemoveLine(LineRemoval {
            line: line(endpoint.address, &names_of(endpoint)),
            file: HOSTS.into(),
            parent: networks.containers().into(),
            lock: networks.lock_file(),
        })
    })
}

/// The file in a container's state directory that is bound on its /etc/hosts.
pub const HOSTS: &str = "hosts";

/// What the user wanted in it, for when it is written again.
pub const EXTRA_HOSTS: &str = "extra-hosts.json";

/// The names of a container: its host name, and what it is called.
pub fn names_of(endpoint: &Endpoint) -> Vec<String> {
    let mut names = vec![endpoint.hostname.clone()];
    names.extend(endpoint.name.clone().filter(|name| *name != endpoint.hostname));
    names
}

// ANCHOR: refresh
/// Writes /etc/hosts again for all containers on a network, after a container has joined it. The
/// file is changed in place: it is bind-mounted into the containers, and a mount refers to the file
/// and not to its name. When a container is removed, its undo journal removes its line
/// ([`forget`]).
///
/// On the default network containers don't find each other by name, as in Docker.
pub fn refresh(networks: &Networks, network: &str) -> Result<()> {
    if network == DEFAULT {
        return Ok(());
    }
    let _alone = networks.lock()?;
    let all = networks.on_network(network)?;
    for (id, endpoint) in &all {
        let directory = networks.state_directory(id);
        let others = all.iter().filter(|(other, _)| *other != id);
        let hosts = Hosts {
            own: Some((endpoint.address, names_of(endpoint))),
            extra: read_extra(&directory),
            others: others.map(|(_, other)| (other.address, names_of(other))).collect(),
        };
        rewrite(&directory.join(HOSTS), &hosts.text())?;
    }
    Ok(())
}
// ANCHOR_END: refresh

fn read_extra(state_directory: &Path) -> Vec<ExtraHost> {
    let text = fs::read(state_directory.join(EXTRA_HOSTS)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn rewrite(file: &Path, text: &str) -> Result<()> {
    if !file.exists() {
        // Its container is only being made: it sees the others when it is written first.
        return Ok(());
    }
    let opened = File::options().write(true).truncate(true).open(file);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The machine's /etc/hosts, and what the user wants besides: for a container that uses the
/// machine's network.
pub fn machines_hosts(extra: &[ExtraHost]) -> String {
    let machines = fs::read_to_string("/etc/hosts").unwrap_or_else(|_| Hosts::default().text());
    let end = if machines.is_empty() || machines.ends_with('\n') { "" } else { "\n" };
    [&machines, end, &lines_of(extra)].concat()
}

/// The machine's /etc/resolv.conf as it is: on its network, servers on its loopback address are
/// reached. Servers that were asked for take their place.
pub fn machines_resolv_conf(dns: &[IpAddr]) -> String {
    let machines = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    if dns.is_empty() { machines } else { resolv_conf_from(&machines, "", dns) }
}

/// Where systemd-resolved keeps the servers that it asks itself.
const UPSTREAM: &str = "/run/systemd/resolve/resolv.conf";

/// Google's, which Docker falls back to as well.
const PUBLIC: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)), IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4))];

/// A container's /etc/resolv.conf: the machine's, but for servers on the machine's own loopback
/// address, which in the container would be the container's own (127.0.0.53 is systemd-resolved's).
/// If a container on a network would be left without any, it asks public ones, and a line says so.
pub fn resolv_conf(dns: &[IpAddr], is_on_network: bool) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (machines, upstream) = (read("/etc/resolv.conf"), read(UPSTREAM));
    let text = resolv_conf_from(&machines, &upstream, dns);
    let names_some = |text: &str| text.lines().any(|line| line.starts_with("nameserver"));
    if !is_on_network || names_some(&text) || !names_some(&machines) {
        return text;
    }
    report(&anyhow!(
        "the container asks the name servers {} and {}\n\
         cause: /etc/resolv.conf has only servers on the loopback address, which no container reaches\n\
         cure: --dns ADDRESS, if it should ask others",
        PUBLIC[0],
        PUBLIC[1]
    ));
    resolv_conf_from(&machines, &upstream, &PUBLIC)
}

fn resolv_conf_from(machines: &str, upstream: &str, dns: &[IpAddr]) -> String {
    let usable = |text: &str| {
        text.lines()
            .filter_map(|line| line.strip_prefix("nameserver")?.trim().parse::<IpAddr>().ok())
            .collect::<Vec<_>>()
    };
    let not_ours =
        |servers: Vec<IpAddr>| servers.into_iter().filter(|server| !server.is_loopback()).collect::<Vec<_>>();
    let mut servers = dns.to_vec();
    for text in [machines, upstream] {
        if servers.is_empty() {
            servers = not_ours(usable(text));
        }
    }
    let is_kept = |line: &&str| ["search", "options", "domain"].iter().any(|key| line.starts_with(key));
    let rest = machines.lines().filter(is_kept).map(|line| format!("{line}\n"));
    servers.iter().map(|server| format!("nameserver {server}\n")).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_the_machines_loopback_is_replaced_by_those_behind_it() {
        let text = resolv_conf_from("nameserver 127.0.0.53\nsearch lan\n", "nameserver 192.0.2.1\n", &[]);
        assert_eq!(text, "nameserver 192.0.2.1\nsearch lan\n");
    }

    #[test]
    fn servers_that_were_asked_for_take_the_place_of_all_others() {
        let dns = ["198.51.100.1".parse().unwrap()];
        assert_eq!(resolv_conf_from("nameserver 192.0.2.1\n", "", &dns), "nameserver 198.51.100.1\n");
    }

    #[test]
    fn hosts_have_the_container_and_what_was_asked_for() {
        let hosts = Hosts {
            own: Some((Ipv4Addr::new(10, 0, 0, 2), vec!["boat".into()])),
            extra: vec!["db:10.0.0.9".parse().unwrap()],
            others: vec![],
        };
        assert!(hosts.text().ends_with("10.0.0.9\tdb\n10.0.0.2\tboat\n"), "{}", hosts.text());
        assert!("no-address".parse::<ExtraHost>().is_err());
        assert!("a b:10.0.0.1".parse::<ExtraHost>().is_err());
    }
}
