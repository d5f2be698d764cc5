//! Networks: none, a bridge, the host's.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::Lab;
use testkit::{Case, cases, needs};

use crate::running::{run, stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        without_a_network_a_container_has_lo_and_nothing_else,
        on_a_bridge_a_container_has_an_address_and_reaches_the_gateway,
        two_containers_on_one_host_have_different_addresses_and_reach_each_other,
        a_container_that_was_killed_gives_its_address_back,
        with_the_hosts_network_there_is_no_other_namespace,
    ]
}

fn needs_bridges() -> Result<()> {
    needs::program("nft")?;
    needs::program("ip")
}

/// Interfaces and addresses, one a line.
const ADDRESSES: &str = "ip -4 -brief address | tr -s ' ' | cut -d ' ' -f 1,3";

fn without_a_network_a_container_has_lo_and_nothing_else() -> Result<()> {
    needs::program("ip")?;
    let output = run(&["run", "sh", "-c", ADDRESSES])?;
    ensure!(output.status.success() && stdout(&output) == "lo 127.0.0.1/8", "{output:?}");
    Ok(())
}

fn on_a_bridge_a_container_has_an_address_and_reaches_the_gateway() -> Result<()> {
    needs_bridges()?;
    let output = run(&["run", "--network", "bridge", "bash", "-c", "exec 3<>/dev/tcp/172.29.0.1/9"])?;
    // Nobody listens there: it is the gateway that says so.
    ensure!(stderr(&output).contains("Connection refused"), "{output:?}");
    Ok(())
}

/// Runs a script as root of a host that is the test's; `$1` is mydocker.
fn on_a_host(script: &str) -> Result<String> {
    needs::user_namespaces()?;
    needs_bridges()?;
    let mut bash = Lab::new().time_limit(Duration::from_secs(60)).command("bash");
    bash.args(["-c", script, "bash", env!("CARGO_BIN_EXE_mydocker-solved")]).stdin(Stdio::null());
    let output = bash.output().context("starting a lab")?;
    ensure!(output.status.success(), "{output:?}");
    Ok(stdout(&output))
}

/// A container that is ready when its word has come, and ends with the pipe that it reads from.
const FIRST: &str = "
    mkfifo /tmp/in /tmp/out
    $1 run --no-lab --network bridge --name first sh -c 'echo ready; cat' </tmp/in >/tmp/out & first=$!
    exec 3>/tmp/in 4</tmp/out
    read -r word <&4
    run() { $1 run --no-lab --network bridge \"${@:2}\" 2>&1 | grep -v ^mydocker:; }
";

fn two_containers_on_one_host_have_different_addresses_and_reach_each_other() -> Result<()> {
    let script = "
        run $1 bash -c \"hostname -I; exec 5<>/dev/tcp/172.29.0.2/9\"
        ports() { ip -brief link show master mydocker0 | wc -l; }
        # The kernel takes the second one's network namespace apart in the background.
        for moment in {1..500}; do [ $(ports) = 1 ] && break; sleep 0.02; done
        ports
        nft list ruleset | grep -c masquerade";
    let said = on_a_host(&format!("{FIRST}{script}"))?;
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    ensure!(lines.first() == Some(&"172.29.0.3"), "{said}");
    ensure!(said.contains("Connection refused"), "the first container has answered: {said}");
    ensure!(lines.ends_with(&["1", "1"]), "one port is left, and one rule: {said}");
    Ok(())
}

fn a_container_that_was_killed_gives_its_address_back() -> Result<()> {
    let script = "
        kill -9 $first; wait $first 2>/dev/null
        exec 3>&-
        # The container itself ends with its stdin.
        cat <&4
        run $1 hostname -I";
    let said = on_a_host(&format!("{FIRST}{script}"))?;
    ensure!(said.trim() == "172.29.0.2", "{said}");
    Ok(())
}

fn with_the_hosts_network_there_is_no_other_namespace() -> Result<()> {
    let script = "
        readlink /proc/self/ns/net
        $1 run --no-lab --network host readlink /proc/self/ns/net 2>/dev/null
        $1 run --no-lab readlink /proc/self/ns/net 2>/dev/null";
    let said = on_a_host(script)?;
    let namespaces: Vec<&str> = said.lines().collect();
    ensure!(namespaces.len() == 3 && namespaces[0] == namespaces[1] && namespaces[1] != namespaces[2], "{said}");
    Ok(())
}
