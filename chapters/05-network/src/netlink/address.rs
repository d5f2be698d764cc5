//! Addresses.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::Result;
use ipnet::Ipv4Net;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::{Netlink, Told};
use crate::steps;

impl Netlink {
    /// Gives an interface an address. The kernel makes the route to its subnet by itself.
    pub fn add_address(&self, interface: (u32, &str), address: Ipv4Net) -> Result<()> {
        let (index, name) = interface;
        let mut message = AddressMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.prefix_len = address.prefix_len();
        message.header.index = index;
        message.attributes = vec![
            AddressAttribute::Local(IpAddr::V4(address.addr())),
            AddressAttribute::Address(IpAddr::V4(address.addr())),
            AddressAttribute::Broadcast(address.broadcast()),
        ];
        let args = vec![name.into(), address.to_string()];
        let told = Told { why: &steps::ADD_ADDRESS, call: "RTM_NEWADDR", args };
        self.request(told, RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// All IPv4 addresses in this namespace, with their subnets.
    pub fn addresses(&self) -> Result<Vec<Ipv4Net>> {
        self.addresses_where(|_| true)
    }

    /// The IPv4 addresses of one interface.
    pub fn addresses_of(&self, interface: u32) -> Result<Vec<Ipv4Net>> {
        self.addresses_where(|index| index == interface)
    }

    fn addresses_where(&self, is_wanted: impl Fn(u32) -> bool) -> Result<Vec<Ipv4Net>> {
        let mut found = Vec::new();
        let mut message = AddressMessage::default();
        message.header.family = AddressFamily::Inet;
        self.dump(RouteNetlinkMessage::GetAddress(message), |message| {
            if let RouteNetlinkMessage::NewAddress(address) = message
                && is_wanted(address.header.index)
            {
                let local = address.attributes.iter().find_map(|attribute| match attribute {
                    AddressAttribute::Local(IpAddr::V4(local)) => Some(*local),
                    _ => None,
                });
                let local: Option<Ipv4Addr> = local;
                found.extend(local.and_then(|local| Ipv4Net::new(local, address.header.prefix_len).ok()));
            }
        })?;
        Ok(found)
    }
}
