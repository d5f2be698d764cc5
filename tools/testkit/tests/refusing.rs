//! The machines that refuse do refuse, with the errno that the real ones give.

use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use testkit::{needs, refusing};

fn main() -> ExitCode {
    let mut cases = testkit::cases![
        a_refused_clone_is_eperm_and_only_with_a_user_namespace,
        the_refusal_is_inherited_by_started_programs,
        powers_are_refused_after_the_user_namespace_was_made,
        a_map_is_refused_and_what_is_shorter_or_longer_is_not,
        a_limit_of_zero_is_enospc,
        one_call_is_refused_to_one_command_only,
    ];
    cases.extend(testkit::root_cases![other_namespaces_can_still_be_made_where_the_clone_is_refused]);
    testkit::run(cases)
}

fn a_refused_clone_is_eperm_and_only_with_a_user_namespace() -> Result<()> {
    needs::user_namespaces()?;
    refusing::clone_refused()?;
    ensure!(unshare(CloneFlags::CLONE_NEWUSER) == Err(Errno::EPERM));
    ensure!(Command::new("true").status()?.success(), "processes can still be made");
    Ok(())
}

fn other_namespaces_can_still_be_made_where_the_clone_is_refused() -> Result<()> {
    refusing::clone_refused()?;
    ensure!(unshare(CloneFlags::CLONE_NEWUTS) == Ok(()));
    Ok(())
}

fn the_refusal_is_inherited_by_started_programs() -> Result<()> {
    needs::user_namespaces()?;
    needs::program("unshare")?;
    ensure!(Command::new("unshare").args(["--user", "true"]).status()?.success(), "it works before");
    refusing::clone_refused()?;
    ensure!(!Command::new("unshare").args(["--user", "true"]).status()?.success());
    Ok(())
}

fn powers_are_refused_after_the_user_namespace_was_made() -> Result<()> {
    needs::user_namespaces()?;
    refusing::powers_refused()?;
    ensure!(unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWUTS) == Ok(()));
    ensure!(nix::unistd::sethostname("x") == Err(Errno::EPERM));
    Ok(())
}

fn a_map_is_refused_and_what_is_shorter_or_longer_is_not() -> Result<()> {
    needs::user_namespaces()?;
    let map = format!("0 {} 1", nix::unistd::geteuid());
    refusing::map_refused()?;
    unshare(CloneFlags::CLONE_NEWUSER)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    let refused = std::fs::write("/proc/self/uid_map", &map).err().and_then(|error| error.raw_os_error());
    ensure!(refused == Some(libc::EPERM), "{refused:?}");
    // The kernel takes a map with spaces at its end.
    std::fs::write("/proc/self/uid_map", format!("{map} "))?;
    Ok(())
}

fn a_limit_of_zero_is_enospc() -> Result<()> {
    needs::user_namespaces()?;
    let before = nix::unistd::geteuid();
    refusing::no_more_user_namespaces()?;
    ensure!(nix::unistd::geteuid() == before, "one is still who one was");
    ensure!(unshare(CloneFlags::CLONE_NEWUSER) == Err(Errno::ENOSPC));
    Ok(())
}

fn one_call_is_refused_to_one_command_only() -> Result<()> {
    let directory = |name: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("mkdir /tmp/{name} && cd /tmp/{name} && true")]);
        command
    };
    let mut refused = directory("a");
    refusing::one_call(&mut refused, libc::SYS_chdir, libc::EBUSY)?;
    ensure!(!refused.status()?.success() && std::path::Path::new("/tmp/a").exists());
    ensure!(directory("b").status()?.success(), "the next command is refused too");
    Ok(())
}
