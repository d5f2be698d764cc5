//! Id maps, as /proc/PID/uid_map shows them from outside.

use anyhow::{Result, ensure};
use nix::unistd::{Gid, Uid};
use testkit::{Case, cases, needs};

use crate::running::{Running, status_field};

pub fn cases() -> Vec<Case> {
    let mut cases = cases![
        map_root_maps_one_id_to_the_caller,
        map_user_makes_the_caller_appear_under_another_id,
        a_single_map_gives_up_setgroups_where_the_kernel_wants_it,
        root_keeps_its_ids_in_a_user_namespace,
        a_process_in_a_user_namespace_has_no_capability_outside,
        the_thirty_third_nested_user_namespace_is_refused_with_the_reason,
    ];
    // In a lab, newuidmap has no power over the machine's ids.
    let on_the_machine = cases![ids_granted_in_subuid_are_mapped_too].into_iter().map(Case::on_the_machine);
    cases.extend(on_the_machine);
    cases
}

fn map(pid: i32, name: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{name}"))?;
    Ok(text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect())
}

fn map_root_maps_one_id_to_the_caller() -> Result<()> {
    let running = Running::start(&["--namespaces", "user", "--map-root"], "")?;
    ensure!(
        map(running.pid, "uid_map")? == [format!("0 {} 1", Uid::effective())],
        "{:?}",
        map(running.pid, "uid_map")?
    );
    ensure!(
        map(running.pid, "gid_map")? == [format!("0 {} 1", Gid::effective())],
        "{:?}",
        map(running.pid, "gid_map")?
    );
    Ok(())
}

fn map_user_makes_the_caller_appear_under_another_id() -> Result<()> {
    let running = Running::start(&["--namespaces", "user", "--map-user", "7:8"], "id -u; id -g;")?;
    ensure!(running.said == "7\n8\n", "inside it is {:?}", running.said);
    ensure!(
        map(running.pid, "uid_map")? == [format!("7 {} 1", Uid::effective())],
        "{:?}",
        map(running.pid, "uid_map")?
    );
    ensure!(
        status_field(running.pid, "Uid")?.starts_with(&Uid::effective().to_string()),
        "outside it is somebody else"
    );
    Ok(())
}

fn a_single_map_gives_up_setgroups_where_the_kernel_wants_it() -> Result<()> {
    let running = Running::start(&["--namespaces", "user", "--map-root"], "")?;
    let setgroups = std::fs::read_to_string(format!("/proc/{}/setgroups", running.pid))?;
    let expected = if Uid::effective().is_root() { "allow" } else { "deny" };
    ensure!(setgroups.trim() == expected, "setgroups is {setgroups}");
    Ok(())
}

fn root_keeps_its_ids_in_a_user_namespace() -> Result<()> {
    needs::root()?;
    let running = Running::start(&["--namespaces", "user"], "")?;
    ensure!(map(running.pid, "uid_map")? == ["0 0 4294967295"], "{:?}", map(running.pid, "uid_map")?);
    Ok(())
}

fn a_process_in_a_user_namespace_has_no_capability_outside() -> Result<()> {
    // All capabilities inside; but the host name belongs to the user namespace outside.
    let running = Running::start(&["--namespaces", "user", "--map-root"], "hostname stolen 2>/dev/null; echo $?;")?;
    let effective = u64::from_str_radix(&status_field(running.pid, "CapEff")?, 16)?;
    ensure!(effective.count_ones() > 30, "CapEff inside is {effective:#x}");
    ensure!(running.said.trim() != "0", "the host was renamed");
    ensure!(nix::unistd::gethostname()? == "lab", "the host was renamed");
    Ok(())
}

fn the_thirty_third_nested_user_namespace_is_refused_with_the_reason() -> Result<()> {
    // Each level runs the next one, until the kernel says no.
    let program = env!("CARGO_BIN_EXE_ch01-namespaces");
    let script = format!(
        "level() {{ \"{program}\" --root /tmp/level$1 run --namespaces user --map-root -- sh -c \"$SCRIPT\" sh $(($1 + 1)); }}; level $1"
    );
    let output = std::process::Command::new("sh").env("SCRIPT", &script).args(["-c", &script, "sh", "0"]).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(125), "{:?}: {stderr}", output.status);
    for part in ["ENOSPC", "nested 32 deep"] {
        ensure!(stderr.contains(part), "{part:?} is missing in {stderr}");
    }
    let levels =
        std::fs::read_dir("/tmp")?.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("level"));
    // The machine's own user namespace is level 0, an ordinary user's lab is one more.
    let (levels, most) = (levels.count(), if Uid::effective().is_root() { 34 } else { 33 });
    ensure!((most - 2..=most).contains(&levels), "the kernel refused after {levels} levels");
    Ok(())
}

fn ids_granted_in_subuid_are_mapped_too() -> Result<()> {
    needs::ordinary_user()?;
    needs::user_namespaces()?;
    needs::program("newuidmap")?;
    let name = nix::unistd::User::from_uid(Uid::effective())?.map(|user| user.name).unwrap_or_default();
    let grants = std::fs::read_to_string("/etc/subuid").unwrap_or_default();
    let grant = grants.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    needs::that(grant.is_some(), "a range in /etc/subuid")?;
    let (store, files) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ch01-namespaces"))
        .arg("--root")
        .arg(store.path())
        .args(["run", "--", "sh", "-c", "cat /proc/self/uid_map; cd $0 && touch x && chown 1:1 x; echo $?; rm x"])
        .arg(files.path())
        .output()?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let granted = format!("1 {}", grant.unwrap_or_default().replace(':', " "));
    ensure!(output.status.success() && lines[..2] == [format!("0 {} 1", Uid::effective()), granted], "{output:?}");
    ensure!(
        lines.last().is_some_and(|status| status == "0"),
        "a file could not be given to the container's user 1: {output:?}"
    );
    Ok(())
}
