//! The shell commands of the narration do what the messages did.

use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use testkit::{Case, eventually, needs, root_cases};

use crate::world::{format_output, pid_of, program, sh, succeeds};

pub fn cases() -> Vec<Case> {
    root_cases![the_narrated_commands_make_the_same_interfaces_addresses_and_routes]
}

/// A network namespace that nobody has changed.
struct Fresh(Child);

impl Fresh {
    fn new() -> Result<Fresh> {
        let mut unshare = Command::new("unshare");
        let child = unshare.args(["--net", "sleep", "1000"]).stdin(Stdio::null()).spawn().context("unshare")?;
        let pid = child.id() as i32;
        eventually("there is another namespace", || lab::observe::namespaces_differ(pid, 1, "net"))?;
        Ok(Fresh(child))
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn in_network_of(pid: u32, line: &str) -> Result<String> {
    sh(&format!("nsenter --net=/proc/{pid}/ns/net {line}"))
}

/// Interfaces, IPv4 addresses and routes, but for what differs between any two: indices, hardware
/// addresses, and whether the other end is up yet.
fn network_of(pid: u32) -> Result<Value> {
    let read = |what: &str| -> Result<Vec<Value>> {
        Ok(serde_json::from_str(&in_network_of(pid, &format!("ip -d -j {what}"))?)?)
    };
    let links = read("link")?.into_iter().filter(|link| link["ifname"] != "lo").map(|link| {
        let port = &link["linkinfo"]["info_slave_data"]["hairpin"];
        let up = link["flags"].as_array().is_some_and(|flags| flags.contains(&json!("UP")));
        json!([link["ifname"], link["linkinfo"]["info_kind"], link["mtu"], link["master"], link["ifalias"], up, port])
    });
    let links: Vec<Value> = links.collect();
    // The lab has set its loopback interface up before us.
    let addresses = read("-4 address")?.into_iter().filter(|link| link["ifname"] != "lo").map(|link| {
        let kept = ["local", "prefixlen", "broadcast", "scope"];
        let all = link["addr_info"].as_array().cloned().unwrap_or_default();
        let all = all.iter().map(|one| kept.map(|key| one[key].clone())).collect::<Vec<_>>();
        json!([link["ifname"], all])
    });
    let addresses: Vec<Value> = addresses.collect();
    let routes = read("-4 route")?
        .into_iter()
        .map(|route| json!(["dst", "gateway", "dev", "protocol", "scope", "prefsrc"].map(|key| route[key].clone())));
    Ok(json!([links, addresses, routes.collect::<Vec<_>>()]))
}

fn the_narrated_commands_make_the_same_interfaces_addresses_and_routes() -> Result<()> {
    ["ip", "nsenter", "unshare", "nft"].into_iter().try_for_each(needs::program)?;
    let flags = ["--subnet", "10.5.0.0/24", "--bridge", "front0", "--mtu", "1400"];
    succeeds(&[&["network", "create"], flags.as_slice(), &["front"]].concat())?;
    let create = ["create", "--explain=json", "--name", "boat", "--network", "front", "-p", "8080:80"];
    let output = program(&[create.as_slice(), &["hostbox", "sleep", "1000"]].concat()).output()?;
    ensure!(output.status.success(), "{}", format_output(&output));
    let boat = pid_of("boat")?.to_string();
    let (outside, inside) = (Fresh::new()?, Fresh::new()?);
    let mut typed = Vec::new();
    for step in String::from_utf8(output.stderr)?.lines() {
        let step: Value = serde_json::from_str(step)?;
        let Some(line) = step["shell"].as_str().filter(|line| line.starts_with("ip ")) else { continue };
        let line = line.replace(&format!("netns {boat}"), &format!("netns {}", inside.0.id()));
        let side = if step["lane"] == "host" { &outside } else { &inside };
        in_network_of(side.0.id(), &line).with_context(|| format!("{line:?}, from {step}"))?;
        typed.push(line);
    }
    ensure!(typed.len() >= 9, "{typed:#?}");
    for (made, typed_in) in [(std::process::id(), &outside), (boat.parse()?, &inside)] {
        let (made, same) = (network_of(made)?, network_of(typed_in.0.id())?);
        ensure!(made == same, "by messages: {made:#}\nby commands: {same:#}\n{typed:#?}");
    }
    Ok(())
}
