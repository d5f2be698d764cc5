//! Routes.

use std::net::Ipv4Addr;

use anyhow::Result;
use ipnet::Ipv4Net;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::{Netlink, Told};
use crate::steps;

impl Netlink {
    /// The route for everything that no other route is for.
    pub fn add_default_route(&self, gateway: Ipv4Addr) -> Result<()> {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        message.header.table = RouteHeader::RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Boot;
        message.header.scope = RouteScope::Universe;
        message.header.kind = RouteType::Unicast;
        message.attributes = vec![RouteAttribute::Gateway(RouteAddress::Inet(gateway))];
        let told =
            Told { why: &steps::ADD_ROUTE, call: "RTM_NEWROUTE", args: vec!["default".into(), gateway.to_string()] };
        self.request(told, RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Whether this namespace has a way to everywhere.
    pub fn has_default_route(&self) -> Result<bool> {
        let mut found = false;
        self.each_route(|route| {
            let is_unicast = route.header.kind == RouteType::Unicast;
            found |= is_unicast && route.header.destination_prefix_length == 0;
        })?;
        Ok(found)
    }

    /// The subnets that this namespace has routes to, the default route not among them.
    pub fn routes(&self) -> Result<Vec<Ipv4Net>> {
        let mut found = Vec::new();
        self.each_route(|route| {
            let destination = route.attributes.iter().find_map(|attribute| match attribute {
                RouteAttribute::Destination(RouteAddress::Inet(destination)) => Some(*destination),
                _ => None,
            });
            let length = route.header.destination_prefix_length;
            found.extend(destination.and_then(|destination| Ipv4Net::new(destination, length).ok()));
        })?;
        Ok(found)
    }

    fn each_route(&self, mut each: impl FnMut(RouteMessage)) -> Result<()> {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        self.dump(RouteNetlinkMessage::GetRoute(message), |message| {
            if let RouteNetlinkMessage::NewRoute(route) = message {
                each(route);
            }
        })
    }
}
