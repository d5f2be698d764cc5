//! The four network modes: what a container shares, and what it has of its own.

use anyhow::{Result, ensure};
use lab::observe;
use testkit::{Case, cases};

use crate::world::{Container, cables, interfaces, leases, refused, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        each_mode_shares_the_namespaces_that_it_says,
        none_has_a_loopback_interface_that_is_up_and_nothing_else,
        a_container_on_a_bridge_has_an_address_and_a_way_to_the_gateway,
        the_other_end_of_the_cable_goes_with_the_container,
        a_container_of_anothers_network_has_its_names,
        a_network_has_the_mtu_that_was_asked_for,
        the_default_network_is_configured_before_its_first_use,
        what_contradicts_itself_is_refused,
    ]
}

fn each_mode_shares_the_namespaces_that_it_says() -> Result<()> {
    let own = std::process::id() as i32;
    let bridge = Container::idle("bridge", &[])?;
    let none = Container::idle("none", &["--network", "none"])?;
    let host = Container::idle("host", &["--network", "host"])?;
    let shared = Container::idle("shared", &["--network", "container:bridge"])?;
    let net = |pid| observe::namespace_inode(pid, "net");
    ensure!(net(host.pid)? == net(own)?, "host has a network of its own");
    ensure!(net(shared.pid)? == net(bridge.pid)?, "container: has a network of its own");
    for (one, other) in [(bridge.pid, own), (none.pid, own), (none.pid, bridge.pid)] {
        ensure!(net(one)? != net(other)?, "{one} and {other} share a network");
    }
    for kind in ["mnt", "pid", "uts"] {
        ensure!(observe::namespaces_differ(shared.pid, bridge.pid, kind)?, "container: shares {kind} as well");
        ensure!(observe::namespaces_differ(host.pid, own, kind)?, "host shares {kind} as well");
    }
    Ok(())
}

fn none_has_a_loopback_interface_that_is_up_and_nothing_else() -> Result<()> {
    let none = Container::idle("none", &["--network", "none"])?;
    ensure!(none.interfaces()? == ["lo"], "{:?}", none.interfaces()?);
    let said = none.inside("ip -brief address show lo")?;
    ensure!(said.contains("127.0.0.1/8"), "{said}");
    ensure!(none.inside("ip route")?.is_empty());
    Ok(())
}

fn a_container_on_a_bridge_has_an_address_and_a_way_to_the_gateway() -> Result<()> {
    succeeds(&["network", "create", "--subnet", "10.5.0.0/24", "front"])?;
    let boat = Container::idle("boat", &["--network", "front"])?;
    ensure!(boat.interfaces()? == ["eth0", "lo"], "{:?}", boat.interfaces()?);
    ensure!(boat.address()?.to_string() == "10.5.0.2", "{}", boat.address()?);
    let routes = boat.inside("ip route")?;
    ensure!(routes.contains("default via 10.5.0.1 dev eth0") && routes.contains("10.5.0.0/24"), "{routes}");
    let refused = boat.inside("timeout 3 bash -c 'exec 3<>/dev/tcp/10.5.0.1/1' 2>&1 || true")?;
    ensure!(refused.contains("Connection refused"), "the gateway does not answer: {refused}");
    Ok(())
}

fn the_other_end_of_the_cable_goes_with_the_container() -> Result<()> {
    let before = interfaces(std::process::id() as i32)?;
    let boat = Container::idle("boat", &[])?;
    if nix::unistd::geteuid().is_root() {
        ensure!(cables()? == [format!("veth{}", &boat.id[..8])], "{:?}", cables()?);
    } else {
        ensure!(interfaces(std::process::id() as i32)? == before, "an ordinary user has changed the machine's network");
    }
    boat.remove()?;
    testkit::eventually("the cable goes", || Ok(cables()?.is_empty()))
}

fn a_container_of_anothers_network_has_its_names() -> Result<()> {
    let one = Container::idle("one", &["--add-host", "db:10.0.0.9", "--hostname", "first"])?;
    let two = Container::idle("two", &["--network", "container:one"])?;
    let read = "cat /etc/hosts /etc/resolv.conf";
    ensure!(one.inside(read)? == two.inside(read)?);
    ensure!(two.inside("cat /etc/hosts")?.contains("10.0.0.9\tdb"));
    ensure!(two.address()? == one.address()?);
    ensure!(two.inside("cat /proc/sys/kernel/hostname /etc/hostname")? == "first\nfirst");
    Ok(())
}

fn a_network_has_the_mtu_that_was_asked_for() -> Result<()> {
    succeeds(&["network", "create", "--mtu", "1400", "vpn"])?;
    let boat = Container::idle("boat", &["--network", "vpn"])?;
    ensure!(boat.inside("cat /sys/class/net/eth0/mtu || ip link show eth0")?.contains("1400"));
    Ok(())
}

fn the_default_network_is_configured_before_its_first_use() -> Result<()> {
    let flags = ["--bridge", "mine0", "--subnet", "10.6.0.0/24", "--mtu", "1300"];
    succeeds(&[&["network", "create"], flags.as_slice(), &["bridge"]].concat())?;
    let boat = Container::idle("boat", &[])?;
    ensure!(boat.address()?.to_string() == "10.6.0.2", "{}", boat.address()?);
    let said = boat.inside("ip link show eth0; ip route")?;
    ensure!(said.contains("mtu 1300") && said.contains("default via 10.6.0.1"), "{said}");
    if nix::unistd::geteuid().is_root() {
        ensure!(interfaces(std::process::id() as i32)?.contains(&"mine0".into()), "the bridge has another name");
    }
    // From its first use on, it is there.
    let error = refused(&["network", "create", "bridge"], 125)?;
    ensure!(error.contains("the network bridge already exists"), "{error}");
    Ok(())
}

fn what_contradicts_itself_is_refused() -> Result<()> {
    succeeds(&["network", "create", "front"])?;
    Container::idle("web", &["--network", "none"])?;
    let join = ["--join", "net=/proc/self/ns/net"];
    for (flags, word) in [
        (vec!["--network", "host", "-p", "80"], "-p needs a bridge network"),
        (vec!["--network", "none", "-p", "80"], "-p needs a bridge network"),
        (vec!["--network", "container:web", "-p", "80"], "-p needs a bridge network"),
        (vec!["--namespaces", "user,mount,pid", "-p", "80"], "-p needs a bridge network"),
        (vec![join[0], join[1], "-p", "80"], "-p needs a bridge network"),
        (vec!["--network", "host", "--namespaces", "user,net,mount,pid"], "--namespaces makes a network namespace"),
        (vec!["--network", "container:web", "--namespaces", "net,mount,pid"], "--namespaces makes a network namespace"),
        (vec!["--network", "bridge", "--namespaces", "user,mount,pid"], "add net to --namespaces"),
        (vec!["--network", "none", "--namespaces", "user,mount,pid"], "add net to --namespaces"),
        (vec!["--network", "front", "--namespaces", "user,mount,pid"], "add net to --namespaces"),
        (vec!["--network", "bridge", join[0], join[1]], "contradict each other"),
        (vec!["--network", "host", join[0], join[1]], "contradict each other"),
        (vec!["--network", "container:web", "--dns", "192.0.2.1"], "--dns and --network container:web contradict"),
        (vec!["--network", "container:web", "--add-host", "a:192.0.2.1"], "--add-host and --network container:web"),
        (vec!["--network", "container:web", "--hostname", "boat"], "--hostname and --network container:web"),
        (vec!["--namespaces", "user,pid", "--dns", "192.0.2.1"], "add mount to --namespaces"),
        (vec![join[0], join[1], "--add-host", "a:192.0.2.1"], "--add-host and --join net contradict"),
    ] {
        let error = refused(&[&["run"], flags.as_slice(), &["hostbox", "true"]].concat(), 125)?;
        ensure!(error.contains(word), "{flags:?}: {error}");
    }
    ensure!(leases()?.is_empty() && succeeds(&["ps", "-q"])?.lines().count() == 1, "something was made");
    // As with any verb that is given a container which isn't there.
    let error = refused(&["run", "--network", "container:nobody", "hostbox", "true"], 125)?;
    ensure!(error.contains("no such container: nobody"), "{error}");
    let error = refused(&["run", "--network", "container:", "hostbox", "true"], 125)?;
    ensure!(error.contains("no such container"), "{error}");
    Ok(())
}
