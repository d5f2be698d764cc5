//! Links: bridges, veth pairs, and whether they are up.

use std::os::fd::{AsRawFd, BorrowedFd};

use anyhow::{Context, Result};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoBridgePort, InfoData, InfoKind, InfoPortData, InfoPortKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo,
    LinkMessage,
};
use nix::unistd::Pid;

use super::{Netlink, Told};
use crate::steps;

/// A bridge that is to be made.
#[derive(Debug, Clone)]
pub struct Bridge<'a> {
    /// Its name: at most 15 bytes (IFNAMSIZ).
    pub name: &'a str,
    /// The largest packet; 1500 if not given.
    pub mtu: Option<u32>,
}

/// A link that is there.
#[derive(Debug, Clone, Default)]
pub struct Link {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Whether it is a bridge.
    pub is_bridge: bool,
    /// Whether it is set up.
    pub is_up: bool,
    /// Whether others are its ports.
    pub has_ports: bool,
    /// The bridge that it is a port of, by its index.
    pub controller: Option<u32>,
    /// The other end of a veth pair, by its index in its own namespace.
    pub peer: Option<u32>,
    /// A text for people and programs, which the kernel keeps with it.
    pub alias: Option<String>,
}

impl From<LinkMessage> for Link {
    fn from(message: LinkMessage) -> Link {
        let is_up = message.header.flags.contains(LinkFlags::Up);
        let mut link = Link { index: message.header.index, is_up, ..Link::default() };
        for attribute in message.attributes {
            match attribute {
                LinkAttribute::IfName(name) => link.name = name,
                LinkAttribute::IfAlias(alias) => link.alias = Some(alias),
                LinkAttribute::Controller(controller) => link.controller = Some(controller),
                LinkAttribute::Link(peer) => link.peer = Some(peer),
                LinkAttribute::LinkInfo(infos) => link.is_bridge = infos.contains(&LinkInfo::Kind(InfoKind::Bridge)),
                _ => {}
            }
        }
        link
    }
}

/// A veth pair that is to be made: what goes in at one end comes out at the other.
#[derive(Debug, Clone)]
pub struct Veth<'a> {
    /// The end on the bridge's side.
    pub name: &'a str,
    /// The bridge, by its index and name.
    pub bridge: (u32, &'a str),
    /// The end inside.
    pub peer: &'a str,
    /// The network namespace of the other end.
    pub namespace: BorrowedFd<'a>,
    /// A process in it, for people: the kernel is given the namespace.
    pub process: Pid,
    /// The largest packet, for both.
    pub mtu: Option<u32>,
}

fn narrated(mtu: Option<u32>) -> Option<String> {
    mtu.map(|mtu| format!("{}{mtu}", steps::MTU))
}

impl Netlink {
    /// The index of a link, if there is one of that name.
    pub fn link_index(&self, name: &str) -> Result<Option<u32>> {
        Ok(self.links()?.into_iter().find(|link| link.name == name).map(|link| link.index))
    }

    /// A link by its name.
    pub fn link(&self, name: &str) -> Result<Option<Link>> {
        Ok(self.links()?.into_iter().find(|link| link.name == name))
    }

    /// All links in this namespace.
    pub fn links(&self) -> Result<Vec<Link>> {
        let mut links = Vec::new();
        self.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()), |message| {
            if let RouteNetlinkMessage::NewLink(message) = message {
                links.push(Link::from(message));
            }
        })?;
        let bridges: Vec<u32> = links.iter().filter_map(|link| link.controller).collect();
        for link in &mut links {
            link.has_ports = bridges.contains(&link.index);
        }
        Ok(links)
    }

    /// Makes a bridge, down.
    pub fn create_bridge(&self, bridge: &Bridge) -> Result<u32> {
        let mut message = LinkMessage::default();
        message.attributes = vec![
            LinkAttribute::IfName(bridge.name.into()),
            LinkAttribute::LinkInfo(vec![LinkInfo::Kind(InfoKind::Bridge)]),
        ];
        message.attributes.extend(bridge.mtu.map(LinkAttribute::Mtu));
        let args = [bridge.name.into(), "bridge".into()].into_iter().chain(narrated(bridge.mtu)).collect();
        let told = Told { why: &steps::CREATE_BRIDGE, call: "RTM_NEWLINK", args };
        self.request(told, RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)?;
        self.link_index(bridge.name)?.with_context(|| format!("the bridge {} went away at once", bridge.name))
    }

    /// Writes a text on a link: at most 255 bytes (IFALIASZ).
    pub fn set_alias(&self, link: (u32, &str), alias: &str) -> Result<()> {
        let (index, name) = link;
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes = vec![LinkAttribute::IfAlias(alias.into())];
        let told = Told { why: &steps::SET_ALIAS, call: "RTM_SETLINK", args: vec![name.into(), alias.into()] };
        self.request(told, RouteNetlinkMessage::SetLink(message), 0)
    }

    // ANCHOR: create_veth
    /// Makes a veth pair in one message: this end is up and on the bridge, the other end is in the
    /// container's namespace with its final name. So the pair is never incomplete. When either
    /// namespace ends, the kernel removes both ends.
    pub fn create_veth(&self, veth: &Veth) -> Result<()> {
        let mut peer = LinkMessage::default();
        peer.attributes =
            vec![LinkAttribute::IfName(veth.peer.into()), LinkAttribute::NetNsFd(veth.namespace.as_raw_fd())];
        peer.attributes.extend(veth.mtu.map(LinkAttribute::Mtu));
        let mut message = LinkMessage::default();
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        message.attributes = vec![
            LinkAttribute::IfName(veth.name.into()),
            LinkAttribute::Controller(veth.bridge.0),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
            ]),
        ];
        message.attributes.extend(veth.mtu.map(LinkAttribute::Mtu));
        let (bridge, process) = (veth.bridge.1.into(), veth.process.to_string());
        let args = vec![veth.name.into(), "veth".into(), "IFF_UP".into(), bridge, veth.peer.into(), process];
        let args = args.into_iter().chain(narrated(veth.mtu)).collect();
        let told = Told { why: &steps::CREATE_VETH, call: "RTM_NEWLINK", args };
        self.request(told, RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
    }
    // ANCHOR_END: create_veth

    /// Sets a link up.
    pub fn set_up(&self, name: &str) -> Result<u32> {
        let index = self.link_index(name)?.with_context(|| format!("there is no interface {name}"))?;
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.flags = LinkFlags::Up;
        message.header.change_mask = LinkFlags::Up;
        let told = Told { why: &steps::SET_UP, call: "RTM_SETLINK", args: vec![name.into(), "IFF_UP".into()] };
        self.request(told, RouteNetlinkMessage::SetLink(message), 0)?;
        Ok(index)
    }

    /// Lets a port of a bridge send a packet back to where it came from. Bridges don't, so that no
    /// packet goes in circles.
    pub fn set_hairpin(&self, name: &str) -> Result<()> {
        let index = self.link_index(name)?.with_context(|| format!("there is no interface {name}"))?;
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes = vec![LinkAttribute::LinkInfo(vec![
            LinkInfo::PortKind(InfoPortKind::Bridge),
            LinkInfo::PortData(InfoPortData::BridgePort(vec![InfoBridgePort::HairpinMode(true)])),
        ])];
        let args = vec![name.into(), "IFLA_BRPORT_MODE".into()];
        let told = Told { why: &steps::SET_HAIRPIN, call: "RTM_NEWLINK", args };
        self.request(told, RouteNetlinkMessage::NewLink(message), 0)
    }

    /// Removes a link; one that isn't there is removed already.
    pub fn remove_link(&self, name: &str) -> Result<()> {
        let Some(index) = self.link_index(name)? else { return Ok(()) };
        let mut message = LinkMessage::default();
        message.header.index = index;
        let told = Told { why: &steps::REMOVE_LINK, call: "RTM_DELLINK", args: vec![name.into()] };
        self.request(told, RouteNetlinkMessage::DelLink(message), 0)
    }
}
