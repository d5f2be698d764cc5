//! An endpoint: the veth pair between a container and a bridge, its address, its published ports.

use std::fs::{self, File};
use std::net::{SocketAddrV4, TcpListener};
use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, Result};
use ch01_namespaces::helper::Helper;
use ch01_namespaces::{Handover, Inside, Mechanism, Plan, Process, Stage, Undo};
use serde::{Deserialize, Serialize};

use super::Place;
use crate::firewall::{self, rules};
use crate::names;
use crate::netlink::{Netlink, Veth};
use crate::network::{Endpoint, Network, Networks};
use crate::ports::{Publish, listen};
use crate::steps;

/// A container's endpoint on a network.
pub struct BridgeEndpoint {
    networks: Networks,
    network: Network,
    place: Place,
    container: String,
    endpoint: Endpoint,
    listeners: Vec<TcpListener>,
    role: Vec<std::ffi::OsString>,
}

/// What the child can't know.
#[derive(Serialize, Deserialize)]
struct Configuration {
    network: Network,
    address: std::net::Ipv4Addr,
}

impl BridgeEndpoint {
    /// On a network; `endpoint` has no address yet. `role` is how our own program is started as a
    /// proxy.
    pub fn new(
        networks: Networks,
        network: Network,
        place: Place,
        container: String,
        endpoint: Endpoint,
        role: Vec<std::ffi::OsString>,
    ) -> BridgeEndpoint {
        BridgeEndpoint { networks, network, place, container, endpoint, listeners: Vec::new(), role }
    }
}

impl Mechanism for BridgeEndpoint {
    fn name(&self) -> &'static str {
        "network"
    }

    fn stage(&self) -> Stage {
        Stage::Network
    }

    /// The ports first: one that is in use is an error before anything is made. Then the address.
    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        self.listeners = listen(&mut self.endpoint.ports)?;
        plan.undo_later(Undo::RemoveFile(self.networks.lease(&self.network, &self.container)))?;
        self.endpoint.address = self.networks.allocate(&self.network, &self.container)?;
        // Undone after the endpoint's file has gone: until then somebody may write the name again.
        if let Some(forget) = names::forget(&self.networks, &self.endpoint) {
            plan.undo_later(forget)?;
        }
        let file = plan.directory().join(Endpoint::FILE);
        plan.undo_later(Undo::RemoveFile(file.clone()))?;
        fs::write(&file, serde_json::to_vec_pretty(&self.endpoint)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    fn needs_host(&self) -> bool {
        true
    }

    // ANCHOR: attach
    /// The container's network namespace exists: the cable goes in. It needs no undo record, since it
    /// goes with the namespace.
    fn attach(&mut self, process: &Process) -> Result<Handover> {
        let (netlink, bridge) = self.place.bring_up(&self.networks, &self.network)?;
        let sandbox = format!("/proc/{}/ns/net", process.pid);
        let sandbox = File::open(&sandbox).with_context(|| format!("cannot open {sandbox}"))?;
        let name = format!("veth{}", &self.container[..8]);
        let mtu = self.network.mtu;
        let (bridge, namespace) = ((bridge, self.network.bridge.as_str()), sandbox.as_fd());
        plug_in(&netlink, &Veth { name: &name, bridge, peer: "eth0", namespace, process: process.pid, mtu })?;
        if !self.endpoint.ports.is_empty() {
            if self.place.has_rules() {
                netlink.set_hairpin(&name)?;
            }
            self.publish(process)?;
        }
        let configuration = Configuration { network: self.network.clone(), address: self.endpoint.address };
        Ok(Handover { bytes: serde_json::to_vec(&configuration)?, fds: Vec::new() })
    }
    // ANCHOR_END: attach

    /// Inside, with a netlink socket of the container's own namespace.
    fn enter(&self, from_host: Handover, _: &mut Inside) -> Result<()> {
        let Configuration { network, address } = serde_json::from_slice(&from_host.bytes)?;
        let netlink = Netlink::open()?;
        netlink.set_up("lo")?;
        let index = netlink.link_index("eth0")?.context("eth0 has not arrived")?;
        netlink.add_address((index, "eth0"), network.with_prefix(address))?;
        netlink.set_up("eth0")?;
        if network.internal { Ok(()) } else { netlink.add_default_route(network.gateway) }
    }
}

impl BridgeEndpoint {
    fn publish(&mut self, process: &Process) -> Result<()> {
        let mut fds: Vec<OwnedFd> = vec![process.pidfd().try_clone_to_owned()?];
        let mut role = self.role.clone();
        role.push("port-proxy".into());
        if self.place.has_rules() {
            let table = rules::container_table(&self.container);
            process.undo_later(Undo::RemoveNftTable(table.clone()))?;
            let text = rules::publish(&self.container, self.endpoint.address, &self.endpoint.ports);
            firewall::apply(&steps::PUBLISH, &text)?;
            role.extend(["--table".into(), table.into()]);
        }
        if let Place::Users(holder) = &self.place {
            fds.push(holder.network_namespace()?);
            role.push("--in-namespace".into());
        }
        let target = |port: &Publish| SocketAddrV4::new(self.endpoint.address, port.container).to_string();
        role.extend(self.endpoint.ports.iter().map(|port| target(port).into()));
        fds.extend(std::mem::take(&mut self.listeners).into_iter().map(OwnedFd::from));
        let proxy = Helper { role, fds, ..Helper::default() };
        proxy.start::<()>(|proxy| process.undo_later(Undo::EndProcess(proxy.clone()))).map(drop)
    }
}

/// Of a life that was killed a moment ago the cable may still be there: the kernel takes a
/// namespace down in its own time. The name is made of the container's id, so it is ours.
fn plug_in(netlink: &Netlink, veth: &Veth<'_>) -> Result<()> {
    netlink.create_veth(veth).or_else(|error| {
        if netlink.link_index(veth.name)?.is_none() {
            return Err(error);
        }
        // It may go by itself meanwhile.
        let _ = netlink.remove_link(veth.name);
        netlink.create_veth(veth)
    })
}
