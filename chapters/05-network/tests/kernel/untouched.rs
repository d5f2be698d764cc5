//! What is not ours stays as it is: the machine's network, whatever the cases do in their labs,
//! and other people's rules.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, ensure};
use testkit::{Case, needs, root_cases};

use crate::world::{Container, interfaces, sh, succeeds, tables};

pub fn cases() -> Vec<Case> {
    root_cases![
        rules_of_others_are_never_touched,
        what_a_network_has_made_goes_with_it,
        an_interface_of_somebody_elses_is_never_taken,
        a_bridge_of_another_data_root_is_never_shared,
        a_bridge_without_an_owner_is_taken_only_while_nobody_uses_it,
    ]
}

/// Runs all cases, and fails when the machine's network isn't as before.
pub fn or_failure(run: impl FnOnce() -> ExitCode) -> ExitCode {
    // A case's own process is in its lab, and changes that.
    let is_case = std::env::args().nth(1).is_some_and(|first| first == "--coracle-case");
    if is_case {
        return run();
    }
    let before = network();
    let code = run();
    let mut after = network();
    // A module that was loaded meanwhile has settings of its own, which nobody has changed.
    let is_there = |line: &str| before.iter().any(|other| other.split(": ").next() == line.split(": ").next());
    after.retain(|line| !line.starts_with("/proc/") || is_there(line));
    for (sign, one, other) in [('-', &before, &after), ('+', &after, &before)] {
        for line in one.iter().filter(|line| !other.contains(line)) {
            eprintln!("FAILED: the machine's network has changed\n{sign} {line}");
        }
    }
    if before == after { code } else { ExitCode::FAILURE }
}

/// All that could be changed of it: interfaces with their flags, MTU and addresses, routes in all
/// tables and the rules that choose one, settings, and the rules for packets where we may see
/// them. (Counters, ages and states of neighbours change without us.)
pub fn network() -> Vec<String> {
    let mut all = Vec::new();
    for command in [
        "ip -o link show",
        "ip -o address show",
        "ip -4 route show table all",
        "ip -6 route show table all",
        "ip -4 rule show",
        "ip -6 rule show",
        "bridge link show",
        "nft --stateless list ruleset",
        "iptables-save",
        "ip6tables-save",
    ] {
        let line = format!("PATH=$PATH:/usr/sbin:/sbin; exec {command}");
        let output = Command::new("sh").args(["-c", &line]).stderr(Stdio::null()).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        all.extend(text.lines().filter_map(comparable).map(|line| format!("{command}: {line}")));
    }
    for settings_of in ["/proc/sys/net", "/proc/sys/user"] {
        settings(Path::new(settings_of), &mut all);
    }
    all
}

/// What of a line stays as it is when nobody changes it. Cables come and go with other people's
/// containers; lifetimes of addresses run out; `iptables-save` prints the time, and counters.
fn comparable(line: &str) -> Option<String> {
    if line.contains("veth") || line.starts_with('#') {
        return None;
    }
    let mut words: Vec<&str> = Vec::new();
    for word in line.split_whitespace() {
        let before = words.last().copied().unwrap_or_default();
        let changes = ["valid_lft", "preferred_lft", "expires"].contains(&before);
        words.push(if changes || word.starts_with('[') { "…" } else { word });
    }
    Some(words.join(" "))
}

/// Without what the kernel counts, or changes by itself.
fn settings(directory: &Path, all: &mut Vec<String>) {
    let mut paths: Vec<_> = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match path.is_dir() {
            true if name.starts_with("veth") => {}
            true => settings(&path, all),
            false if name.ends_with("_count") => {}
            false => all.extend(fs::read_to_string(&path).ok().map(|value| format!("{}: {value}", path.display()))),
        }
    }
}

fn rules_of_others_are_never_touched() -> Result<()> {
    needs::program("nft")?;
    sh("nft -f - <<'END'
table ip coracles { chain c { type filter hook forward priority 5; policy accept; counter accept; }; }
table ip filter { chain FORWARD { type filter hook forward priority 0; policy accept; }; }
END")?;
    let theirs = || sh("nft list table ip coracles; nft list table ip filter");
    let before = theirs()?.replace(char::is_numeric, "");
    let web = Container::idle("web", &["-p", "8080:80"])?;
    ensure!(tables()?.len() == 4, "{:?}", tables()?);
    web.remove()?;
    succeeds(&["network", "rm", "bridge"])?;
    ensure!(theirs()?.replace(char::is_numeric, "") == before, "{}", theirs()?);
    ensure!(tables()?.len() == 2, "{:?}", tables()?);
    Ok(())
}

fn what_a_network_has_made_goes_with_it() -> Result<()> {
    needs::program("nft")?;
    let own = std::process::id() as i32;
    let before = (interfaces(own)?, tables()?);
    succeeds(&["network", "create", "front"])?;
    Container::idle("web", &["-p", "8080:80", "--network", "front"])?.remove()?;
    ensure!((interfaces(own)?, tables()?) != before, "nothing was made: the test proves nothing");
    succeeds(&["network", "rm", "front"])?;
    testkit::eventually("the cable goes", || Ok(interfaces(own)? == before.0))?;
    ensure!(tables()? == before.1, "{:?}", tables()?);
    Ok(())
}

/// Nor that of another data root, whose leases we don't know.
fn an_interface_of_somebody_elses_is_never_taken() -> Result<()> {
    needs::program("ip")?;
    let one = Container::serving("one", &[])?;
    let two = [&["--data-root", "/tmp/other-data", "--root", "/tmp/other"], ["run", "hostbox"].as_slice()].concat();
    let run = |script: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch05-network"));
        command.args(&two).args(["bash", "-c", script]).stdin(Stdio::null());
        crate::world::prints(&mut command)
    };
    let said =
        run("exec 2>&1; ip -4 -o address show dev eth0; timeout 15 bash -c 'exec 3<>/dev/tcp/172.31.0.1/1' || true")?;
    ensure!(said.contains("172.31.0.2/16") && said.contains("Connection refused"), "{said}");
    ensure!(interfaces(std::process::id() as i32)?.iter().any(|name| name == "coracle1"));
    ensure!(one.fetches(&format!("http://{}/hostname", one.address()?))?.is_some());
    sh("ip link add theirs0 type bridge")?;
    let error = crate::world::refused(&["network", "create", "--bridge", "theirs0", "x"], 125)?;
    ensure!(error.contains("the interface theirs0 already exists"), "{error}");
    Ok(())
}

/// Both have defined the same bridge and subnet before either was there.
fn a_bridge_of_another_data_root_is_never_shared() -> Result<()> {
    needs::program("nft")?;
    let other = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch05-network"));
        command.args(["--data-root", "/tmp/other-data", "--root", "/tmp/other"]).args(args).stdin(Stdio::null());
        crate::world::prints(&mut command)
    };
    ensure!(succeeds(&["network", "inspect", "bridge"])?.contains("coracle0"));
    ensure!(other(&["network", "inspect", "bridge"])?.contains("coracle0"), "the test proves nothing");
    other(&["run", "hostbox", "true"])?;
    let no_cable = || Ok(interfaces(std::process::id() as i32)? == ["coracle0", "lo"]);
    testkit::eventually("the cable goes", no_cable)?;
    let during = || Ok::<_, anyhow::Error>((interfaces(std::process::id() as i32)?, sh("nft list ruleset")?));
    let before = during()?;
    let error = crate::world::refused(&["run", "--network", "bridge", "hostbox", "true"], 125)?;
    ensure!(error.contains("cause: a network of another data root has it") && error.contains("cure:"), "{error}");
    // Who hasn't asked for a network goes without.
    let output = crate::world::program(&["run", "hostbox", "ls", "/sys/class/net"]).output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && output.stdout == b"lo\n", "{}", crate::world::format_output(&output));
    ensure!(error.contains("the container gets no network") && error.contains("another data root has it"), "{error}");
    succeeds(&["network", "rm", "bridge"])?;
    testkit::eventually("the refused one's cable goes", no_cable)?;
    ensure!(during()? == before, "{:?}", during()?);
    // As the cure says: it is defined again, beside the other.
    succeeds(&["run", "hostbox", "true"])?;
    ensure!(interfaces(std::process::id() as i32)?.contains(&"coracle1".into()));
    Ok(())
}

fn a_bridge_without_an_owner_is_taken_only_while_nobody_uses_it() -> Result<()> {
    needs::program("ip")?;
    succeeds(&["network", "create", "--bridge", "late0", "--subnet", "10.5.0.0/24", "late"])?;
    // As one is that was made by a command that was killed at once.
    sh("ip link add late0 type bridge && ip address add 10.5.0.1/24 dev late0")?;
    let error = crate::world::refused(&["run", "--network", "late", "hostbox", "true"], 125)?;
    ensure!(error.contains("is not the bridge of the network late"), "{error}");
    sh("ip address flush dev late0")?;
    succeeds(&["run", "--network", "late", "hostbox", "true"])?;
    ensure!(sh("ip link show late0")?.contains("alias coracle network late "));
    succeeds(&["network", "rm", "late"])?;
    testkit::eventually("only lo is left", || Ok(interfaces(std::process::id() as i32)? == ["lo"]))
}
