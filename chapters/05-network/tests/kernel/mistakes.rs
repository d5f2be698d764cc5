//! Mistakes, and machines that lack something: a clear error, and nothing half made.

use std::fs;

use anyhow::{Result, ensure};
use testkit::{Case, cases, eventually, needs, root_cases};

use crate::world::{busybox_volume, format_output, interfaces, leases, program, refused, sh, succeeds, tables};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        what_is_no_network_is_refused_with_the_reason,
        subnets_that_overlap_are_refused,
        a_network_that_is_in_use_is_not_removed,
        a_network_that_is_not_there_is_told,
        what_is_no_port_is_refused_with_an_example,
        an_address_that_the_machine_lacks_is_told,
    ];
    cases.extend(root_cases![
        without_nft_ports_are_published_by_the_proxy_alone,
        rules_that_are_refused_leave_nothing_half_made,
        where_no_bridge_can_be_made_the_default_is_none_and_a_line_says_why,
    ]);
    cases
}

fn what_is_no_network_is_refused_with_the_reason() -> Result<()> {
    for (args, status, word) in [
        (vec!["--subnet", "10.5.0.0/40", "x"], 2, "such as 10.5.0.0/24"),
        (vec!["--subnet", "10.5.0.0", "x"], 2, "such as 10.5.0.0/24"),
        (vec!["--subnet", "10.5.0.0/31", "x"], 125, "from /8 to /29"),
        (vec!["--subnet", "10.5.0.0/24", "--gateway", "10.6.0.1", "x"], 125, "invalid gateway 10.6.0.1"),
        (vec!["--bridge", "sixteen-letters-", "x"], 125, "at most 15"),
        (vec!["--bridge", "a/b", "x"], 125, "invalid bridge name"),
        (vec!["--mtu", "20", "x"], 125, "invalid MTU"),
        (vec!["host"], 125, "means something else"),
        (vec!["../x"], 125, "invalid network name"),
    ] {
        let status = if status == 2 { 125 } else { status };
        let error = refused(&[&["network", "create"], args.as_slice()].concat(), status)?;
        ensure!(error.contains(word), "{args:?}: {error}");
    }
    ensure!(succeeds(&["network", "ls", "-q"])?.is_empty(), "something was made");
    Ok(())
}

fn subnets_that_overlap_are_refused() -> Result<()> {
    succeeds(&["network", "create", "--subnet", "10.5.0.0/24", "one"])?;
    for subnet in ["10.5.0.0/24", "10.5.0.128/25", "10.0.0.0/8", "127.0.0.0/16"] {
        let error = refused(&["network", "create", "--subnet", subnet, "two"], 125)?;
        ensure!(error.contains("overlaps with") && error.contains("cure:"), "{subnet}: {error}");
    }
    succeeds(&["network", "create", "--subnet", "10.5.1.0/24", "two"])?;
    ensure!(succeeds(&["network", "ls", "-q"])? == "one\ntwo");
    Ok(())
}

fn a_network_that_is_in_use_is_not_removed() -> Result<()> {
    succeeds(&["network", "create", "front"])?;
    succeeds(&["create", "--name", "one", "--network", "front", "hostbox", "true"])?;
    let error = refused(&["network", "rm", "front"], 125)?;
    ensure!(error.contains("is in use by container"), "{error}");
    succeeds(&["rm", "-f", "one"])?;
    succeeds(&["network", "rm", "front"])?;
    ensure!(succeeds(&["network", "ls", "-q"])?.is_empty());
    Ok(())
}

fn a_network_that_is_not_there_is_told() -> Result<()> {
    let error = refused(&["run", "--network", "nothing", "hostbox", "true"], 125)?;
    ensure!(error.contains("no network \"nothing\"") && error.contains("network create nothing"), "{error}");
    // As with containers: what a verb is asked about and isn't there is status 1.
    for verb in ["rm", "inspect"] {
        let error = refused(&["network", verb, "nothing"], 1)?;
        ensure!(error.contains("no network \"nothing\""), "{verb}: {error}");
    }
    ensure!(leases()?.is_empty());
    Ok(())
}

fn what_is_no_port_is_refused_with_an_example() -> Result<()> {
    for port in ["a:b", "8080:0", "70000:80", "8000-8010:80", "53:53/udp"] {
        let error = refused(&["run", "-p", port, "hostbox", "true"], 125)?;
        ensure!(error.contains("such as 8080:80"), "{port}: {error}");
    }
    Ok(())
}

fn an_address_that_the_machine_lacks_is_told() -> Result<()> {
    let error = refused(&["run", "-p", "192.0.2.77:8080:80", "hostbox", "true"], 125)?;
    ensure!(error.contains("EADDRNOTAVAIL") && error.contains("this machine has no such address"), "{error}");
    Ok(())
}

fn without_nft_ports_are_published_by_the_proxy_alone() -> Result<()> {
    // Also from where it looks besides PATH.
    needs::that(sh("mount -t tmpfs none /usr/sbin").is_ok(), "mounts")?;
    fs::create_dir("/tmp/programs")?;
    sh("cd /tmp/programs; for name in sh ip cp printf chmod mkdir sleep; do ln -s $(command -v $name) .; done")?;
    let volume = busybox_volume()?;
    let create = ["create", "--name", "web", "-v", &volume, "-p", "8080:80"];
    let create = [&create, ["hostbox", "busybox", "httpd", "-f", "-p", "80", "-h", "/etc"].as_slice()].concat();
    for args in [create.as_slice(), &["start", "web"]] {
        let output = program(args).env("PATH", "/tmp/programs").output()?;
        ensure!(output.status.success(), "{}", format_output(&output));
        // Said once, when the network is made.
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(said.contains("cure: apt install nftables") == (args[0] == "create"), "{args:?}: {said}");
    }
    succeeds(&["network", "create", "--internal", "db"])?;
    let output = program(&["run", "--network", "db", "hostbox", "true"]).env("PATH", "/tmp/programs").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(125) && said.contains("--internal needs rules"), "{}", format_output(&output));
    ensure!(said.contains("cure: apt install nftables"), "{said}");
    let left = interfaces(std::process::id() as i32)?;
    ensure!(!left.iter().any(|name| name.starts_with("cor-")), "{left:?}");
    eventually("the page comes", || Ok(sh("timeout 5 busybox wget -q -O - http://127.0.0.1:8080/hostname").is_ok()))?;
    sh("umount /usr/sbin")?;
    ensure!(tables()?.is_empty(), "{:?}", tables()?);
    Ok(())
}

/// A path whose `nft` refuses everything, as on a kernel without nftables.
fn path_with_refusing_nft() -> Result<String> {
    fs::create_dir("/tmp/programs")?;
    let refusing = "#!/bin/sh\necho 'Error: Could not process rule: Not supported' >&2; exit 1\n";
    fs::write("/tmp/programs/nft", refusing)?;
    sh("chmod +x /tmp/programs/nft")?;
    Ok(format!("/tmp/programs:{}", std::env::var("PATH")?))
}

fn where_no_bridge_can_be_made_the_default_is_none_and_a_line_says_why() -> Result<()> {
    let path = path_with_refusing_nft()?;
    let before = interfaces(std::process::id() as i32)?;
    let run = |flags: &[&str]| {
        let args = [&["run"], flags, &["hostbox", "sh", "-c", "ls /sys/class/net; tail -n 1 /etc/hosts"]].concat();
        let output = program(&args).env("PATH", &path).output()?;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        anyhow::Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), error))
    };
    let (status, inside, error) = run(&[])?;
    ensure!(status == Some(0) && inside == "lo\nff02::2\tip6-allrouters\n", "{status:?}\n{inside}\n{error}");
    ensure!(error.contains("the container gets no network") && error.contains("Not supported"), "{error}");
    ensure!(error.contains("cause: this kernel lacks a module"), "{error}");
    for asked in [vec!["--network", "bridge"], vec!["-p", "8080:80"]] {
        let (status, _, error) = run(&asked)?;
        ensure!(status == Some(125) && error.contains("cannot bring the network bridge up"), "{asked:?}: {error}");
    }
    ensure!(interfaces(std::process::id() as i32)? == before && leases()?.is_empty());
    Ok(())
}

fn rules_that_are_refused_leave_nothing_half_made() -> Result<()> {
    succeeds(&["run", "--network", "none", "hostbox", "true"])?;
    let path = path_with_refusing_nft()?;
    let before = interfaces(std::process::id() as i32)?;
    let output = program(&["run", "-p", "8080:80", "hostbox", "true"]).env("PATH", path).output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(125) && error.contains("cannot bring the network bridge up"), "{error}");
    ensure!(error.contains("Not supported") && error.contains("cause: this kernel lacks a module"), "{error}");
    ensure!(interfaces(std::process::id() as i32)? == before && leases()?.is_empty());
    ensure!(succeeds(&["ps", "-q"])?.is_empty());
    succeeds(&["run", "-p", "8080:80", "hostbox", "true"])?;
    Ok(())
}
