//! /etc/hosts, /etc/hostname and /etc/resolv.conf.

use anyhow::{Result, ensure};
use testkit::{Case, cases, needs, root_cases};

use crate::world::{Container, busybox_volume, format_output, program, sh, succeeds};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        containers_on_a_network_of_ones_own_find_each_other_by_name,
        on_the_default_network_nobody_is_found_by_name,
        what_was_asked_for_is_in_the_files,
        the_hosts_of_those_that_stay_forget_who_has_gone,
        the_narration_says_which_page_is_about_names,
        on_the_machines_network_the_files_are_copies_of_the_machines,
    ];
    cases.extend(root_cases![a_machine_whose_only_name_server_is_its_own_gives_public_ones_and_says_so]);
    cases
}

fn containers_on_a_network_of_ones_own_find_each_other_by_name() -> Result<()> {
    succeeds(&["network", "create", "front"])?;
    let early = Container::serving("early", &["--network", "front"])?;
    let late = Container::serving("late", &["--network", "front"])?;
    for (from, to) in [(&early, &late), (&late, &early)] {
        let said = from.fetches(&format!("http://{}/hostname", to.name))?;
        ensure!(said.as_deref() == Some(&to.id[..12]), "{} does not find {}: {said:?}", from.name, to.name);
    }
    Ok(())
}

fn on_the_default_network_nobody_is_found_by_name() -> Result<()> {
    Container::idle("one", &[])?;
    let two = Container::idle("two", &["-v", &busybox_volume()?])?;
    ensure!(two.inside("grep -c -w one /etc/hosts || true")? == "0");
    Ok(())
}

fn what_was_asked_for_is_in_the_files() -> Result<()> {
    let flags = ["--hostname", "boat", "--add-host", "db:10.0.0.9", "--dns", "198.51.100.1"];
    let boat = Container::idle("one", &flags)?;
    ensure!(boat.inside("cat /etc/hostname")? == "boat");
    ensure!(boat.inside("cat /etc/resolv.conf")?.starts_with("nameserver 198.51.100.1"));
    let hosts = boat.inside("cat /etc/hosts")?;
    ensure!(hosts.contains("10.0.0.9\tdb\n") && hosts.contains(&format!("{}\tboat one", boat.address()?)), "{hosts}");
    Ok(())
}

fn a_machine_whose_only_name_server_is_its_own_gives_public_ones_and_says_so() -> Result<()> {
    std::fs::write("/tmp/resolv.conf", "nameserver 127.0.0.1\nsearch lan\n")?;
    needs::that(sh("mount --bind /tmp/resolv.conf /etc/resolv.conf").is_ok(), "mounts")?;
    if std::path::Path::new("/run/systemd/resolve").exists() {
        sh("mount -t tmpfs none /run/systemd/resolve")?;
    }
    let read = |flags: &[&str]| -> Result<(String, String)> {
        let output = program(&[&["run"], flags, &["hostbox", "cat", "/etc/resolv.conf"]].concat()).output()?;
        ensure!(output.status.success(), "{}", format_output(&output));
        Ok((String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
    };
    let (file, said) = read(&[])?;
    ensure!(file == "nameserver 8.8.8.8\nnameserver 8.8.4.4\nsearch lan\n", "{file}");
    ensure!(said.contains("asks the name servers 8.8.8.8 and 8.8.4.4") && said.contains("cure: --dns"), "{said}");
    let (file, said) = read(&["--dns", "198.51.100.1"])?;
    ensure!(file.starts_with("nameserver 198.51.100.1\n") && said.is_empty(), "{file}{said}");
    let (_, said) = read(&["--network", "none"])?;
    ensure!(said.is_empty(), "{said}");
    Ok(())
}

/// However one goes: by `rm`, by its own end, or with everything that made it.
fn the_hosts_of_those_that_stay_forget_who_has_gone() -> Result<()> {
    succeeds(&["network", "create", "front"])?;
    let stays = Container::idle("stays", &["--network", "front", "--add-host", "kept:10.0.0.9"])?;
    let knows = |name: &str| -> Result<bool> {
        let hosts = stays.inside("cat /etc/hosts")?;
        ensure!(hosts.contains("\tkept\n") && hosts.contains("stays"), "{hosts}");
        Ok(hosts.lines().any(|line| line.split_whitespace().any(|word| word == name)))
    };
    let removed = Container::idle("removed", &["--network", "front"])?;
    ensure!(knows("removed")?, "the test proves nothing");
    removed.remove()?;
    ensure!(!knows("removed")?, "after rm");
    succeeds(&["run", "--name", "ended", "--network", "front", "hostbox", "true"])?;
    ensure!(!knows("ended")?, "after its end");
    let error = crate::world::refused(&["run", "--name", "never", "--network", "front", "hostbox", "no-such"], 127)?;
    ensure!(!knows("never")?, "{error}");
    Ok(())
}

fn the_narration_says_which_page_is_about_names() -> Result<()> {
    succeeds(&["run", "hostbox", "true"])?;
    let output = crate::world::program(&["run", "--explain=json", "hostbox", "true"]).output()?;
    let narrated = String::from_utf8(output.stderr)?;
    for file in ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"] {
        let step = narrated.lines().find(|line| line.contains("move_mount") && line.contains(&format!("ROOT{file}\"")));
        ensure!(step.is_some_and(|step| step.contains("5.6 Name resolution")), "{file}: {step:?}");
    }
    Ok(())
}

fn on_the_machines_network_the_files_are_copies_of_the_machines() -> Result<()> {
    let machines = |file: &str| std::fs::read_to_string(file);
    let read = "cat /proc/sys/kernel/hostname; cat /etc/hostname; cat /etc/resolv.conf; cat /etc/hosts";
    let name = sh("cat /proc/sys/kernel/hostname")?;
    let files = format!("{}{}", machines("/etc/resolv.conf")?, machines("/etc/hosts")?);
    let one = Container::idle("one", &["--network", "host"])?;
    let said = one.inside(read)?;
    ensure!(said == format!("{name}\n{name}\n{}", files.trim_end()), "{said}");
    one.inside("echo changed >>/etc/hosts")?;
    ensure!(!machines("/etc/hosts")?.contains("changed"), "the machine's own file was changed");
    let flags = ["--network", "host", "--add-host", "db:10.0.0.9", "--dns", "198.51.100.1", "--hostname", "boat"];
    let two = Container::idle("two", &flags)?;
    let hosts = two.inside("cat /etc/hosts")?;
    ensure!(hosts == format!("{}\n10.0.0.9\tdb", machines("/etc/hosts")?.trim_end()), "{hosts}");
    let servers = two.inside("grep ^nameserver /etc/resolv.conf; cat /etc/hostname")?;
    ensure!(servers == "nameserver 198.51.100.1\nboat", "{servers}");
    // A container that shares their network has their files.
    let shared = Container::idle("three", &["--network", "container:two"])?;
    ensure!(shared.inside("cat /etc/hosts /etc/hostname")? == two.inside("cat /etc/hosts /etc/hostname")?);
    Ok(())
}
