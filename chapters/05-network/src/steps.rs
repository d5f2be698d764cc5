//! The narration's words for this chapter.

use ch01_namespaces::{Lesson, Why};
use nix::errno::Errno;

const LINKS: &str = "5.1 Interfaces and veth pairs";
const BRIDGES: &str = "5.2 Bridges";
const ADDRESSES: &str = "5.3 IP addresses";
const FIREWALL: &str = "5.4 Outgoing connections: NAT";
const PORTS: &str = "5.5 Published ports";
const FILES: &str = "5.6 Name resolution";
const USERS: &str = "5.7 Networks without root";

/// An interface's MTU is in the message where one was asked for, and is the last argument then.
pub(crate) const MTU: &str = "mtu ";

fn mtu(args: &[String]) -> String {
    args.last().filter(|last| last.starts_with(MTU)).map(|mtu| format!(" {mtu}")).unwrap_or_default()
}

/// A bridge.
pub static CREATE_BRIDGE: Why = Why::new("a switch in software, for the containers of a network", BRIDGES)
    .as_shell(|args| Some(format!("ip link add {}{} type bridge", args.first()?, mtu(args))))
    .teaching(&[
        (
            Errno::EPERM,
            Lesson {
                cause: "only root of the user namespace that owns the network namespace may make interfaces",
                cure: "don't use --namespaces: an ordinary user's containers then get a network namespace",
            },
        ),
        (
            Errno::EOPNOTSUPP,
            Lesson {
                cause: "this kernel has no bridges, and could not load a module for them",
                cure: "as root: modprobe bridge; or --network none",
            },
        ),
    ]);

/// Whose it is.
pub static SET_ALIAS: Why = Why::new("the network's id on its bridge: the next command knows it by that", BRIDGES)
    .as_shell(|args| Some(format!("ip link set {} alias '{}'", args.first()?, args.get(1)?)));

/// A veth pair.
pub static CREATE_VETH: Why = Why::new("a veth pair: one end on the bridge, the other is eth0 inside", LINKS)
    .as_shell(|args| match args {
        [name, _, _, bridge, peer, pid, ..] => {
            let mtu = mtu(args);
            let peer = format!("peer name {peer}{mtu} netns {pid}");
            Some(format!("ip link add {name} up master {bridge}{mtu} type veth {peer}"))
        }
        _ => None,
    })
    .teaching(&[
        (
            Errno::EOPNOTSUPP,
            Lesson {
                cause: "this kernel has no veth pairs, and could not load a module for them",
                cure: "as root: modprobe veth; or --network none",
            },
        ),
        (
            Errno::EPERM,
            Lesson {
                cause: "the container's network namespace belongs to a user namespace that isn't below this one",
                cure: "don't use --namespaces",
            },
        ),
    ]);

/// Up.
pub static SET_UP: Why = Why::new("a new interface is down; from now on it carries packets", LINKS)
    .as_shell(|args| Some(format!("ip link set {} up", args.first()?)));

/// Back by the same port.
pub static SET_HAIRPIN: Why = Why::new("hairpin: the bridge may send a packet back out of the same port", PORTS)
    .as_shell(|args| Some(format!("ip link set {} type bridge_slave hairpin on", args.first()?)));

/// Gone.
pub static REMOVE_LINK: Why = Why::new("removes the interface, and the other end of its veth pair", LINKS)
    .as_shell(|args| Some(format!("ip link del {}", args.first()?)));

/// An address.
pub static ADD_ADDRESS: Why = Why::new("adds an address, and the kernel adds the route to its subnet", ADDRESSES)
    .as_shell(|args| Some(format!("ip addr add {} brd + dev {}", args.get(1)?, args.first()?)));

/// The default route.
pub static ADD_ROUTE: Why = Why::new("all other packets go to the bridge, the gateway", ADDRESSES)
    .as_shell(|args| Some(format!("ip route add default via {}", args.get(1)?)));

/// Names.
pub static NAMES: Why =
    Why::new("the container's own name file, from its state directory", FILES).as_shell(|args| match args {
        [file, _, _, target] => Some(format!("mount --bind {file} ROOT{target}")),
        _ => None,
    });

/// Rules.
pub static SET_RULES: Why = Why::new("rules in a table of Coracle's own, in one transaction", FIREWALL)
    .as_shell(|args| Some(format!("nft '{}'", args.first()?)));

/// Rules of published ports.
pub static PUBLISH: Why = Why::new("packets for the machine's port are sent to the container's port", PORTS)
    .as_shell(|args| Some(format!("nft '{}'", args.first()?)));

/// Beside Docker.
pub static LET_THROUGH: Why =
    Why::new("accepts the bridge's packets in the chain that Docker leaves to administrators", FIREWALL)
        .as_shell(|args| Some(format!("iptables {}", args.join(" "))));

/// Forwarding.
pub static FORWARD: Why = Why::new("this machine forwards packets between its interfaces", FIREWALL)
    .as_shell(|args| Some(format!("sysctl -w net.ipv4.ip_forward={}", args.get(1)?)));

/// The user's own namespace.
pub static ENTER_USERS_NAMESPACE: Why =
    Why::new("enters the user namespace of your networks", USERS).as_shell(|_| Some("nsenter --user".into()));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_without_bridges_or_veth_is_told_with_the_module_that_it_lacks() {
        // What rtnetlink answers to a kind of link that it doesn't know.
        for (step, module) in [(&CREATE_BRIDGE, "modprobe bridge"), (&CREATE_VETH, "modprobe veth")] {
            let lesson = step.lesson(Errno::EOPNOTSUPP).unwrap();
            assert!(lesson.cause.starts_with("this kernel has no"), "{}", lesson.cause);
            assert!(lesson.cure.contains(module) && lesson.cure.contains("--network none"), "{}", lesson.cure);
        }
    }

    #[test]
    fn the_mtu_is_in_the_command_where_it_is_in_the_message() {
        let shell = |args: &[&str]| CREATE_BRIDGE.shell(&args.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(shell(&["br0", "bridge"]).as_deref(), Some("ip link add br0 type bridge"));
        assert_eq!(shell(&["br0", "bridge", "mtu 1400"]).as_deref(), Some("ip link add br0 mtu 1400 type bridge"));
    }
}
