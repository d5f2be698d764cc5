//! An ordinary user's networks: the way out, what is kept apart, and who one is.

use std::fs;
use std::os::unix::fs::chown;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::{Case, cases, eventually, needs, root_cases};

use crate::outside::Outside;
use crate::world::{AS_USER, Container, STORE, busybox_volume, format_output, processes_with, program, sh, succeeds};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![root_of_a_user_namespace_beside_the_machines_network_gets_one];
    cases.extend(root_cases![
        the_way_out_of_a_user_is_slirp4netns,
        the_way_out_of_a_user_is_pasta,
        without_a_way_out_one_line_says_so,
    ]);
    cases
}

/// User id 0 is not power over the network namespace.
fn root_of_a_user_namespace_beside_the_machines_network_gets_one() -> Result<()> {
    needs::program("unshare")?;
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", env!("CARGO_BIN_EXE_ch05-network"), "--root", "/tmp/theirs"]);
    command.args(["run", "hostbox", "ls", "/sys/class/net"]);
    let output = command.env("XDG_CACHE_HOME", "/tmp/cache").stdin(Stdio::null()).output()?;
    ensure!(output.status.success() && output.stdout == b"eth0\nlo\n", "{}", format_output(&output));
    Ok(())
}

/// From now on the program is an ordinary user's. Takes root, who can become anybody.
fn become_a_user() -> Result<()> {
    const UID: u32 = 4711;
    needs::root()?;
    needs::program("setpriv")?;
    for directory in [STORE, "/tmp/cache"] {
        fs::create_dir_all(directory)?;
        chown(directory, Some(UID), Some(UID))?;
    }
    AS_USER.store(UID, Ordering::Relaxed);
    let probe = program(&["run", "--network", "none", "hostbox", "true"]).output()?;
    needs::that(probe.status.success(), "user namespaces for ordinary users")
}

/// A path with the programs of this machine but for some.
fn path_without(hidden: &[&str]) -> Result<String> {
    let made = "/tmp/programs";
    fs::create_dir(made)?;
    let path = std::env::var_os("PATH").context("no PATH")?;
    for directory in std::env::split_paths(&path) {
        for program in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = program.file_name();
            if !hidden.iter().any(|hidden| name == *hidden) {
                // The first one of a name counts.
                let _ = std::os::unix::fs::symlink(program.path(), std::path::Path::new(made).join(name));
            }
        }
    }
    Ok(made.into())
}

fn the_way_out_of_a_user_is_slirp4netns() -> Result<()> {
    needs::program("slirp4netns")?;
    expect_a_way_out("tap0", &["pasta"])
}

fn the_way_out_of_a_user_is_pasta() -> Result<()> {
    needs::program("pasta")?;
    expect_a_way_out("tap0", &["slirp4netns"])
}

fn expect_a_way_out(argument: &str, hidden: &[&str]) -> Result<()> {
    needs::program("nft")?;
    become_a_user()?;
    let outside = Outside::new()?;
    sh("ip route add default via 192.0.2.2")?;
    outside.serve()?;
    let path = path_without(hidden)?;
    let create = program(&["create", "--name", "boat", "-v", &busybox_volume()?, "hostbox", "sleep", "1000"])
        .env("PATH", path)
        .output()?;
    ensure!(create.status.success() && create.stderr.is_empty(), "{}", format_output(&create));
    ensure!(processes_with(argument).len() == 1, "{:?}", processes_with(argument));
    succeeds(&["start", "boat"])?;
    let boat = Container { name: "boat".into(), id: String::new(), pid: 0 };
    let said = boat.fetches("http://192.0.2.2/cgi-bin/caller")?;
    ensure!(said.as_deref() == Some("192.0.2.1"), "{said:?}");
    // It forwards now, and still keeps networks apart.
    succeeds(&["network", "create", "back"])?;
    succeeds(&["network", "create", "--internal", "db"])?;
    let url = format!("http://{}/hostname", Container::serving("web", &["--network", "back"])?.address()?);
    ensure!(boat.is_cut_off_from(&url)?, "another network's container was reached");
    let inner = Container::idle("inner", &["--network", "db", "-v", &busybox_volume()?])?;
    ensure!(inner.is_cut_off_from("http://192.0.2.2/cgi-bin/caller")?, "an internal network has a way out");
    // One that is killed is replaced by the next command, for the containers that run as well.
    let old = processes_with(argument);
    old.iter().try_for_each(|pid| kill(Pid::from_raw(*pid), Signal::SIGKILL))?;
    eventually("it is gone", || Ok(old.iter().all(|pid| !lab::observe::process_exists(*pid))))?;
    ensure!(boat.is_cut_off_from("http://192.0.2.2/cgi-bin/caller")?, "there is another: the test proves nothing");
    let run = program(&["run", "hostbox", "true"]).output()?;
    let said = String::from_utf8_lossy(&run.stderr);
    ensure!(
        run.status.success() && said.contains("the way out of your networks is started again"),
        "{}",
        format_output(&run)
    );
    ensure!(said.contains("cause: its process") && processes_with(argument).len() == 1, "{said}");
    let said = boat.fetches("http://192.0.2.2/cgi-bin/caller")?;
    ensure!(said.as_deref() == Some("192.0.2.1"), "{said:?}");
    let run = program(&["run", "hostbox", "true"]).output()?;
    ensure!(run.status.success() && run.stderr.is_empty(), "{}", format_output(&run));
    // It ends with the holder, or when the next one begins.
    let holder = processes_with("network-holder");
    ensure!(holder.len() == 1, "{holder:?}");
    kill(Pid::from_raw(holder[0]), Signal::SIGKILL)?;
    let old = processes_with(argument);
    eventually("the holder is gone", || Ok(!lab::observe::process_exists(holder[0])))?;
    succeeds(&["run", "hostbox", "true"])?;
    eventually("the old way out ends", || Ok(old.iter().all(|pid| !lab::observe::process_exists(*pid))))
}

fn without_a_way_out_one_line_says_so() -> Result<()> {
    become_a_user()?;
    let path = path_without(&["slirp4netns", "pasta"])?;
    let run = || program(&["run", "hostbox", "true"]).env("PATH", &path).output();
    // The machine itself is on no network: there is nothing to be said.
    let output = run()?;
    ensure!(output.status.success() && output.stderr.is_empty(), "{}", format_output(&output));
    processes_with("network-holder").iter().try_for_each(|pid| kill(Pid::from_raw(*pid), Signal::SIGKILL))?;
    eventually("the holder is gone", || Ok(processes_with("network-holder").is_empty()))?;
    let _outside = Outside::new()?;
    sh("ip route add default via 192.0.2.2")?;
    let output = run()?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && error.contains("neither slirp4netns nor pasta is installed"), "{error}");
    ensure!(error.contains("but nothing outside") && error.contains("cure: apt install"), "{error}");
    // Once, not for each container.
    let output = run()?;
    ensure!(output.status.success() && output.stderr.is_empty(), "{}", format_output(&output));
    Ok(())
}
