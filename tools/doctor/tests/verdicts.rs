//! Doctor on machines that refuse, and on this one.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use doctor::{Outcome, Step, Verdict, examine};
use nix::errno::Errno;
use testkit::{needs, refusing};

fn main() -> ExitCode {
    let mut cases = testkit::cases![
        this_machine_is_ready,
        a_refused_clone_is_told_with_its_errno,
        powers_refused_after_the_clone_are_told_with_the_step,
        a_refused_uid_map_is_told_with_the_step,
        a_limit_of_zero_user_namespaces_is_told_as_enospc,
        root_needs_no_user_namespace,
        nothing_is_left_behind,
        a_threaded_caller_whose_other_threads_allocate_is_served,
    ];
    cases.extend(testkit::root_cases![the_root_of_a_lab_is_ready]);
    testkit::run(cases)
}

fn this_machine_is_ready() -> Result<()> {
    needs::user_namespaces()?;
    let report = examine();
    ensure!(report.verdict() == Verdict::Ready, "{report:?}");
    ensure!(report.with_user_namespace.len() == 7, "every step was tried: {report:?}");
    ensure!(report.advice().cures.is_empty());
    Ok(())
}

fn the_root_of_a_lab_is_ready() -> Result<()> {
    let report = examine();
    ensure!(report.directly.is_some(), "root has a way without a user namespace: {report:?}");
    ensure!(report.verdict() == Verdict::Ready, "{report:?}");
    Ok(())
}

fn a_refused_clone_is_told_with_its_errno() -> Result<()> {
    needs::user_namespaces()?;
    refusing::clone_refused()?;
    let report = examine();
    ensure!(report.verdict_with_user_namespace() == Verdict::RefusedAtClone { errno: Errno::EPERM }, "{report:?}");
    ensure!(report.with_user_namespace[1..].iter().all(|check| check.outcome == Outcome::NotReached));
    Ok(())
}

fn powers_refused_after_the_clone_are_told_with_the_step() -> Result<()> {
    needs::user_namespaces()?;
    refusing::powers_refused()?;
    let expected = Verdict::RefusedLater { step: Step::Hostname, errno: Errno::EPERM };
    let report = examine();
    ensure!(report.verdict_with_user_namespace() == expected, "{report:?}");
    ensure!(report.verdict() == expected, "root is refused as well: {report:?}");
    Ok(())
}

fn a_refused_uid_map_is_told_with_the_step() -> Result<()> {
    needs::user_namespaces()?;
    refusing::map_refused()?;
    let report = examine();
    let expected = Verdict::RefusedLater { step: Step::UidMap, errno: Errno::EPERM };
    ensure!(report.verdict_with_user_namespace() == expected, "{report:?}");
    Ok(())
}

fn a_limit_of_zero_user_namespaces_is_told_as_enospc() -> Result<()> {
    needs::user_namespaces()?;
    refusing::no_more_user_namespaces()?;
    let report = examine();
    ensure!(report.verdict_with_user_namespace() == Verdict::RefusedAtClone { errno: Errno::ENOSPC }, "{report:?}");
    ensure!(report.machine.max_user_namespaces == Some(0));
    let advice = doctor::advice(&report.verdict_with_user_namespace(), &report.machine);
    ensure!(advice.to_string().contains("sudo sysctl -w user.max_user_namespaces="), "{advice}");
    Ok(())
}

fn root_needs_no_user_namespace() -> Result<()> {
    needs::root()?;
    refusing::clone_refused()?;
    let report = examine();
    ensure!(report.verdict() == Verdict::Ready, "{report:?}");
    Ok(())
}

fn nothing_is_left_behind() -> Result<()> {
    let own = std::process::id() as i32;
    let open = || lab::observe::open_fds(own).map(|open| open.into_keys().collect::<Vec<_>>());
    let mounts = || lab::observe::mountinfo(own);
    let before = (open()?, mounts()?, lab::observe::hostname_in(own)?);
    for _ in 0..20 {
        examine();
    }
    ensure!((open()?, mounts()?, lab::observe::hostname_in(own)?) == before);
    ensure!(lab::observe::children(own).is_empty(), "no child is left, not even a dead one");
    Ok(())
}

fn a_threaded_caller_whose_other_threads_allocate_is_served() -> Result<()> {
    use std::sync::atomic::{AtomicBool, Ordering};
    let first = examine().verdict();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::hint::black_box(vec![0_u8; 100_000]);
                }
            });
        }
        let same = (0..50).all(|_| examine().verdict() == first);
        done.store(true, Ordering::Relaxed);
        ensure!(same);
        Ok(())
    })
}
