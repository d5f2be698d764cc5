//! Links, addresses and routes: each of these functions is one message to the kernel, and returns
//! its errno.

use std::ffi::CString;
use std::net::Ipv4Addr;

use nix::errno::Errno;
use nix::unistd::Pid;

use crate::netlink::Message;
use crate::sys;

/// VETH_INFO_PEER: what a veth's other end is to be like.
const VETH_INFO_PEER: u16 = 1;

// ANCHOR: link_up
/// `ip link set NAME up`
pub fn link_up(name: &str) -> nix::Result<()> {
    let up = libc::IFF_UP as u32;
    Message::new(libc::RTM_NEWLINK, false, &link(index(name)?, up)).send()
}
// ANCHOR_END: link_up

/// `ip link add NAME type bridge`. It is down, and has no address. EEXIST: there is an interface of
/// that name.
pub fn add_bridge(name: &str) -> nix::Result<()> {
    let kind = Message::nested(&[]).attribute(libc::IFLA_INFO_KIND, b"bridge");
    Message::new(libc::RTM_NEWLINK, true, &link(0, 0))
        .attribute(libc::IFLA_IFNAME, &name_of(name)?)
        .attribute(libc::IFLA_LINKINFO, kind.bytes())
        .send()
}

/// `ip link add NAME type veth peer name PEER`. Both ends are here, and down.
pub fn add_veth(name: &str, peer: &str) -> nix::Result<()> {
    let peer = Message::nested(&link(0, 0)).attribute(libc::IFLA_IFNAME, &name_of(peer)?);
    let data = Message::nested(&[]).attribute(VETH_INFO_PEER, peer.bytes());
    let veth =
        Message::nested(&[]).attribute(libc::IFLA_INFO_KIND, b"veth").attribute(libc::IFLA_INFO_DATA, data.bytes());
    Message::new(libc::RTM_NEWLINK, true, &link(0, 0))
        .attribute(libc::IFLA_IFNAME, &name_of(name)?)
        .attribute(libc::IFLA_LINKINFO, veth.bytes())
        .send()
}

/// `ip link set NAME netns PROCESS name NEW_NAME`: moves a link to the network namespace of a
/// process, where it is called `new_name`. It is down there.
pub fn move_link(name: &str, process: Pid, new_name: &str) -> nix::Result<()> {
    Message::new(libc::RTM_NEWLINK, false, &link(index(name)?, 0))
        .attribute(libc::IFLA_NET_NS_PID, &process.as_raw().to_ne_bytes())
        .attribute(libc::IFLA_IFNAME, &name_of(new_name)?)
        .send()
}

/// `ip link set NAME master BRIDGE`: the link becomes a port of the bridge.
pub fn set_master(name: &str, bridge: &str) -> nix::Result<()> {
    Message::new(libc::RTM_NEWLINK, false, &link(index(name)?, 0))
        .attribute(libc::IFLA_MASTER, &index(bridge)?.to_ne_bytes())
        .send()
}

/// `ip address add ADDRESS/PREFIX dev NAME`. EEXIST: the interface has it.
pub fn add_address(name: &str, address: Ipv4Addr, prefix: u8) -> nix::Result<()> {
    // struct ifaddrmsg: family, prefix, flags, scope, index.
    let mut fixed = vec![libc::AF_INET as u8, prefix, 0, libc::RT_SCOPE_UNIVERSE];
    fixed.extend(index(name)?.to_ne_bytes());
    Message::new(libc::RTM_NEWADDR, true, &fixed)
        .attribute(libc::IFA_LOCAL, &address.octets())
        .attribute(libc::IFA_ADDRESS, &address.octets())
        .send()
}

/// `ip route add default via GATEWAY`. ENETUNREACH: there is no way to the gateway.
pub fn default_route(gateway: Ipv4Addr) -> nix::Result<()> {
    add_route(0, gateway).send()
}

/// `ip route add NETWORK/PREFIX via GATEWAY`
pub fn route(network: Ipv4Addr, prefix: u8, gateway: Ipv4Addr) -> nix::Result<()> {
    add_route(prefix, gateway).attribute(libc::RTA_DST, &network.octets()).send()
}

/// struct rtmsg: family, lengths of destination and source, tos, table, protocol, scope, type.
fn add_route(prefix: u8, gateway: Ipv4Addr) -> Message {
    let [family, table, protocol] = [libc::AF_INET as u8, libc::RT_TABLE_MAIN, libc::RTPROT_BOOT];
    let fixed = [family, prefix, 0, 0, table, protocol, libc::RT_SCOPE_UNIVERSE, libc::RTN_UNICAST, 0, 0, 0, 0];
    Message::new(libc::RTM_NEWROUTE, true, &fixed).attribute(libc::RTA_GATEWAY, &gateway.octets())
}

/// struct ifinfomsg: family, type, index, flags, and which of the flags are meant.
fn link(index: u32, flags: u32) -> [u8; 16] {
    let mut fixed = [0; 16];
    fixed[4..8].copy_from_slice(&index.to_ne_bytes());
    fixed[8..12].copy_from_slice(&flags.to_ne_bytes());
    fixed[12..16].copy_from_slice(&flags.to_ne_bytes());
    fixed
}

/// With a NUL at its end. The kernel says ERANGE to one of more than 15 bytes.
fn name_of(name: &str) -> nix::Result<Vec<u8>> {
    CString::new(name).map(CString::into_bytes_with_nul).map_err(|_| Errno::EINVAL)
}

/// ENODEV: there is no interface of that name.
fn index(name: &str) -> nix::Result<u32> {
    sys::interface_index(&CString::new(name).map_err(|_| Errno::EINVAL)?)
}
