//! Proof of the shape: whatever the mechanisms, they run in stage order, in lockstep, and nothing
//! stays behind.
//!
//! The mechanisms here are fakes that make a directory on the host and write a log; the containers
//! are made by processes of their own (this program again, with a role), since that is what can be
//! killed.

use crate::fakes::{self, Fault, Ground, How, Moment};
use anyhow::{Context, Result, ensure};
use ch01_namespaces::{Container, Spec, Status, remove, start};
use testkit::{Case, cases};

pub fn cases() -> Vec<Case> {
    cases![
        mechanisms_given_in_reverse_run_in_stage_order,
        create_start_and_remove_may_be_three_processes,
        a_container_that_is_gone_refuses_to_start,
        a_bad_command_is_an_error_of_start_and_not_of_create,
        an_error_inside_arrives_with_its_context,
        a_panic_inside_arrives_as_an_error_and_is_not_printed_inside,
        a_failure_at_any_step_leaves_nothing,
        what_was_made_last_is_undone_first,
        two_processes_cannot_start_one_container_twice,
        a_threaded_maker_is_refused_and_told_why,
    ]
}

fn mechanisms_given_in_reverse_run_in_stage_order() -> Result<()> {
    let ground = Ground::new()?;
    ground.create(None, &["true"])?.expect_success()?;
    ensure!(
        ground.log()?
            == "prepare Identity\nprepare Mounts\nprepare System\nprepare Seal\n\
                          attach Identity\nenter Identity\nenter Mounts\nattach System\nenter System\n",
        "the log is:\n{}",
        ground.log()?
    );
    Ok(())
}

fn create_start_and_remove_may_be_three_processes() -> Result<()> {
    let ground = Ground::new()?;
    let witness = ground.path("witness");
    ground.create(None, &["sh", "-c", &format!("echo ran >{}", witness.display())])?.expect_success()?;
    let state = ground.only_state()?;
    ensure!(state.status_now() == Status::Created && state.pid > 0, "after create: {state:?}");
    ensure!(!witness.exists(), "the command ran before the start");

    ground.start()?.expect_success()?;
    testkit::eventually("the command runs", || Ok(witness.exists()))?;
    ensure!(ground.log()?.ends_with("enter Seal\n"), "the last stage comes after the start: {}", ground.log()?);
    testkit::eventually("the container stops", || Ok(ground.only_state()?.status_now() == Status::Stopped))?;

    ground.remove()?.expect_success()?;
    ground.expect_nothing_left()
}

fn a_container_that_is_gone_refuses_to_start() -> Result<()> {
    let ground = Ground::new()?;
    ground.create(None, &["true"])?.expect_success()?;
    let state = ground.only_state()?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(state.pid), nix::sys::signal::Signal::SIGKILL)?;
    testkit::eventually("the process is gone", || Ok(!state.is_alive()))?;
    let error = start(&ground.store()?, &state.id).err().context("a dead container was started")?;
    ensure!(format!("{error:#}").contains("it is gone"), "{error:#}");
    remove(&ground.store()?, &state.id, false)?;
    ground.expect_nothing_left()
}

fn a_bad_command_is_an_error_of_start_and_not_of_create() -> Result<()> {
    let ground = Ground::new()?;
    ground.create(None, &["no-such-command"])?.expect_success()?;
    let start = ground.start()?;
    ensure!(start.code == Some(127), "start ended with {:?}: {}", start.code, start.stderr);
    ensure!(start.stderr.contains("no-such-command"), "{}", start.stderr);
    ground.remove()?.expect_success()?;
    ground.expect_nothing_left()
}

fn an_error_inside_arrives_with_its_context() -> Result<()> {
    let ground = Ground::new()?;
    let fault = Fault { at: Moment::Enter, stage: "Mounts", how: How::Fail };
    let create = ground.create(Some(fault), &["true"])?;
    ensure!(create.code == Some(125), "{create:?}");
    for part in ["cannot set the container up", "Mounts: cannot be set up inside", "a fault made for the test"] {
        ensure!(create.stderr.contains(part), "{part:?} is missing in {}", create.stderr);
    }
    Ok(())
}

fn a_panic_inside_arrives_as_an_error_and_is_not_printed_inside() -> Result<()> {
    let ground = Ground::new()?;
    let fault = Fault { at: Moment::Enter, stage: "System", how: How::Panic };
    let create = ground.create(Some(fault), &["true"])?;
    ensure!(create.code == Some(125), "{create:?}");
    ensure!(create.stderr.contains("panic inside the container: a panic made for the test"), "{}", create.stderr);
    ensure!(!create.stderr.contains("panicked at"), "the panic hook printed inside: {}", create.stderr);
    ground.expect_nothing_left()
}

fn a_failure_at_any_step_leaves_nothing() -> Result<()> {
    for (at, stage) in fakes::steps() {
        let ground = Ground::new()?;
        let create = ground.create(Some(Fault { at, stage, how: How::Fail }), &["true"])?;
        ensure!(create.code == Some(125), "{at:?} {stage}: {create:?}");
        ground.expect_nothing_left().with_context(|| format!("after a failure in {at:?} of {stage}"))?;
    }
    Ok(())
}

fn what_was_made_last_is_undone_first() -> Result<()> {
    let ground = Ground::new()?;
    ground.create(None, &["true"])?.expect_success()?;
    let innermost = ground.made(Moment::Attach, "System");
    ensure!(innermost.is_dir(), "it is not in all that was made before: {}", innermost.display());
    remove(&ground.store()?, &ground.only_state()?.id, true)?;
    ground.expect_nothing_left()
}

fn two_processes_cannot_start_one_container_twice() -> Result<()> {
    let ground = Ground::new()?;
    ground.create(None, &["sleep", "30"])?.expect_success()?;
    ground.start()?.expect_success()?;
    let again = ground.start()?;
    ensure!(again.code == Some(125) && again.stderr.contains("it runs already"), "{again:?}");
    let kept = ground.remove()?;
    ensure!(kept.code == Some(125) && kept.stderr.contains("--force"), "a living container was removed: {kept:?}");
    remove(&ground.store()?, &ground.only_state()?.id, true)?;
    ground.expect_nothing_left()
}

fn a_threaded_maker_is_refused_and_told_why() -> Result<()> {
    let ground = Ground::new()?;
    let (stay, gone) = std::sync::mpsc::channel::<()>();
    let other_thread = std::thread::spawn(move || gone.recv());
    let spec = Spec { command: vec!["true".into()], ..Spec::default() };
    let error =
        Container::create(&ground.store()?, spec, vec![]).err().context("a threaded process made a container")?;
    ensure!(format!("{error:#}").contains("only by a process with a single thread"), "{error:#}");
    drop(stay);
    let _ = other_thread.join();
    ground.expect_nothing_left()
}
