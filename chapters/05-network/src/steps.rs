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

/// A bridge.
pub static CREATE_BRIDGE: Why = Why::new("a switch in software, for the containers of a network", BRIDGES)
    .as_shell(|args| Some(format!("ip link add {} type bridge", args.first()?)))
    .teaching(&[
        (
            Errno::EPERM,
            Lesson {
                cause: "interfaces are made by root of the user namespace that owns the network namespace",
                cure: "leave --namespaces alone: as an ordinary user you get a network namespace of your own",
            },
        ),
        (
            Errno::EOPNOTSUPP,
            Lesson {
                cause: "this kernel has no bridges, and may load no module for them",
                cure: "as root: modprobe bridge; or --network none",
            },
        ),
    ]);

/// A veth pair.
pub static CREATE_VETH: Why = Why::new("a cable: one end on the bridge, the other is eth0 inside", LINKS)
    .as_shell(|args| match args {
        [name, _, peer] => Some(format!("ip link add {name} type veth peer name {peer} netns PID")),
        _ => None,
    })
    .teaching(&[
        (
            Errno::EOPNOTSUPP,
            Lesson {
                cause: "this kernel has no veth pairs, and may load no module for them",
                cure: "as root: modprobe veth; or --network none",
            },
        ),
        (
            Errno::EPERM,
            Lesson {
                cause: "the container's network namespace belongs to a user namespace beside ours, not below it",
                cure: "leave --namespaces alone",
            },
        ),
    ]);

/// Up.
pub static SET_UP: Why = Why::new("an interface begins down; now it carries packets", LINKS)
    .as_shell(|args| Some(format!("ip link set {} up", args.first()?)));

/// Back by the same port.
pub static SET_HAIRPIN: Why = Why::new("hairpin: a packet may leave by the port that it came in by", PORTS)
    .as_shell(|args| Some(format!("ip link set {} type bridge_slave hairpin on", args.first()?)));

/// Gone.
pub static REMOVE_LINK: Why = Why::new("the interface goes, with the other end of its cable", LINKS)
    .as_shell(|args| Some(format!("ip link del {}", args.first()?)));

/// An address.
pub static ADD_ADDRESS: Why = Why::new("an address, and with it the route to its subnet", ADDRESSES)
    .as_shell(|args| Some(format!("ip addr add {} dev {}", args.get(1)?, args.first()?)));

/// The default route.
pub static ADD_ROUTE: Why = Why::new("everything else goes by way of the bridge", ADDRESSES)
    .as_shell(|args| Some(format!("ip route add default via {}", args.get(1)?)));

/// Names.
pub static NAMES: Why =
    Why::new("the container's own names, from its state directory", FILES).as_shell(|args| match args {
        [file, _, _, target] => Some(format!("mount --bind {file} ROOT{target}")),
        _ => None,
    });

/// Rules.
pub static SET_RULES: Why = Why::new("rules in a table of our own, all in one transaction", FIREWALL)
    .as_shell(|args| Some(format!("nft '{}'", args.first()?)));

/// Rules of published ports.
pub static PUBLISH: Why = Why::new("packets for the machine's port go to the container's", PORTS)
    .as_shell(|args| Some(format!("nft '{}'", args.first()?)));

/// Beside Docker.
pub static LET_THROUGH: Why = Why::new("the chain in which Docker leaves the decision to others", FIREWALL)
    .as_shell(|args| Some(format!("iptables {}", args.join(" "))));

/// Forwarding.
pub static FORWARD: Why = Why::new("this machine passes packets on, from one interface to another", FIREWALL)
    .as_shell(|args| Some(format!("sysctl -w net.ipv4.ip_forward={}", args.get(1)?)));

/// The user's own namespace.
pub static ENTER_USERS_NAMESPACE: Why =
    Why::new("into the user namespace that keeps your networks", USERS).as_shell(|_| Some("nsenter --user".into()));
