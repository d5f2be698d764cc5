//! The rules, as text for `nft`: decisions, without effects.

use std::fmt::Write;
use std::net::Ipv4Addr;

use crate::network::Network;
use crate::ports::Publish;

/// The table of a network.
pub fn network_table(bridge: &str) -> String {
    format!("coracle-{bridge}")
}

/// The table of a container's published ports.
pub fn container_table(container: &str) -> String {
    format!("coracle-{}", &container[..12])
}

// ANCHOR: network
/// The rules of a network: outgoing packets get the machine's address, and new connections come in
/// only through a published port.
///
/// `delete` fails if the table doesn't exist, so the first line adds it.
pub fn network(network: &Network) -> String {
    let (table, bridge, subnet) = (network_table(&network.bridge), &network.bridge, network.subnet);
    let masquerade =
        if network.internal { String::new() } else { format!("ip saddr {subnet} oifname != \"{bridge}\" masquerade") };
    let outside = if network.internal { "drop" } else { "accept" };
    format!(
        "add table ip {table}
delete table ip {table}
table ip {table} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    {masquerade}
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    iifname \"{bridge}\" oifname \"{bridge}\" accept
    oifname \"{bridge}\" ct state established,related accept
    oifname \"{bridge}\" ct status dnat accept
    oifname \"{bridge}\" drop
    iifname \"{bridge}\" {outside}
  }}
}}
"
    )
}
// ANCHOR_END: network

// ANCHOR: publish
/// The rules of published ports, which replace the machine's address and port by the container's:
/// in `prerouting` for clients on other machines, and in `output` for clients on this machine.
/// (Connections to 127.0.0.1 use the proxy, because the kernel doesn't route loopback addresses.)
/// If a container connects to itself through the machine's port, its address is masqueraded.
pub fn publish(container: &str, address: Ipv4Addr, ports: &[Publish]) -> String {
    let table = container_table(container);
    let (mut calls, mut own_calls, mut hairpins) = (String::new(), String::new(), String::new());
    for port in ports {
        let to = if port.ip.is_unspecified() { "fib daddr type local".into() } else { format!("ip daddr {}", port.ip) };
        let target = format!("tcp dport {} dnat to {address}:{}", port.host, port.container);
        let _ = writeln!(calls, "    {to} {target}");
        let _ = writeln!(own_calls, "    ip daddr != 127.0.0.0/8 {to} {target}");
        let _ = writeln!(hairpins, "    ip saddr {address} ip daddr {address} tcp dport {} masquerade", port.container);
    }
    format!(
        "add table ip {table}
delete table ip {table}
table ip {table} {{
  chain prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
{calls}  }}
  chain output {{
    type nat hook output priority -100; policy accept;
{own_calls}  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
{hairpins}  }}
}}
"
    )
}
// ANCHOR_END: publish

/// Removes a network's table.
pub fn remove_network(bridge: &str) -> String {
    let table = network_table(bridge);
    format!("add table ip {table}\ndelete table ip {table}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_network(internal: bool) -> Network {
        Network {
            name: "web".into(),
            id: String::new(),
            bridge: "cor0".into(),
            subnet: "10.1.0.0/24".parse().unwrap(),
            gateway: "10.1.0.1".parse().unwrap(),
            internal,
            mtu: None,
            labels: Default::default(),
        }
    }

    #[test]
    fn what_leaves_a_network_is_masqueraded_unless_it_is_internal() {
        assert!(network(&a_network(false)).contains("ip saddr 10.1.0.0/24 oifname != \"cor0\" masquerade"));
        let internal = network(&a_network(true));
        assert!(!internal.contains("masquerade") && internal.contains("iifname \"cor0\" drop"));
    }

    #[test]
    fn a_published_port_is_for_all_addresses_or_for_one() {
        let address = "10.1.0.2".parse().unwrap();
        let any = Publish { ip: Ipv4Addr::UNSPECIFIED, host: 8080, container: 80 };
        let one = Publish { ip: Ipv4Addr::new(192, 0, 2, 1), ..any };
        let id = "0123456789abcdef";
        assert!(publish(id, address, &[any]).contains("    fib daddr type local tcp dport 8080 dnat to 10.1.0.2:80"));
        assert!(publish(id, address, &[one]).contains("    ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.1.0.2:80"));
        assert!(publish(id, address, &[any]).contains("table ip coracle-0123456789ab {"));
    }
}
