//! `kill -9` of every process there is in a container's life, at every moment: the next command
//! finds what is left.
//!
//! With the fakes of the shape's tests. Their containers are made, started and removed by processes
//! of their own, since that is what can be killed.

use crate::fakes::{self, Ended, Fault, Ground, How, Moment};
use anyhow::{Context, Result, ensure};
use ch01_namespaces::{Status, remove_debris};
use nix::sys::signal::Signal;
use std::thread::sleep;
use std::time::Duration;
use testkit::{Case, cases};

pub fn cases() -> Vec<Case> {
    cases![
        a_maker_killed_at_any_step_leaves_nothing_after_the_next_command,
        a_child_killed_at_any_step_is_an_error_and_leaves_nothing,
        a_maker_whose_child_stands_still_can_be_ended_and_leaves_nothing,
        a_child_that_dies_in_its_last_stage_does_not_look_started,
        a_starter_killed_before_it_lets_go_has_started_nothing,
        a_starter_killed_before_it_has_taken_note_has_started_nothing,
        a_removal_killed_half_way_is_finished_by_the_next,
        an_undo_after_a_failure_killed_half_way_is_finished_by_the_next_command,
        a_removal_of_debris_killed_half_way_is_finished_by_the_next_command,
    ]
}

fn a_maker_killed_at_any_step_leaves_nothing_after_the_next_command() -> Result<()> {
    for (at, stage) in fakes::steps() {
        let ground = Ground::new()?;
        let create = ground.create(Some(Fault { at, stage, how: How::KillMaker }), &["true"])?;
        ensure!(create.code.is_none(), "{at:?} {stage}: the maker was not killed: {create:?}");
        ensure!(!ground.is_clean()?, "{at:?} {stage}: a killed maker can't have cleaned up; the test proves nothing");
        remove_debris(&ground.store()?)?;
        ground.expect_nothing_left().with_context(|| format!("after kill -9 in {at:?} of {stage}"))?;
    }
    Ok(())
}

fn a_child_killed_at_any_step_is_an_error_and_leaves_nothing() -> Result<()> {
    for (at, stage) in fakes::steps().into_iter().filter(|(at, _)| *at == Moment::Enter) {
        let ground = Ground::new()?;
        let create = ground.create(Some(Fault { at, stage, how: How::KillChild }), &["true"])?;
        ensure!(create.code == Some(125), "{stage}: {create:?}");
        ensure!(create.stderr.contains("was killed by SIGKILL before it was ready"), "{}", create.stderr);
        ground.expect_nothing_left().with_context(|| format!("after the child died in {stage}"))?;
    }
    Ok(())
}

fn a_maker_whose_child_stands_still_can_be_ended_and_leaves_nothing() -> Result<()> {
    let ground = Ground::new()?;
    let create = ground.create(Some(Fault { at: Moment::Enter, stage: "Mounts", how: How::StopChild }), &["true"])?;
    // By the signal, which waited until all was undone.
    ensure!(create.code.is_none(), "{create:?}");
    ground.expect_nothing_left()
}

fn a_child_that_dies_in_its_last_stage_does_not_look_started() -> Result<()> {
    let ground = Ground::new()?;
    let fault = Fault { at: Moment::Enter, stage: "Seal", how: How::KillChild };
    ground.create(Some(fault), &["true"])?.expect_success()?;
    let start = ground.start()?;
    ensure!(start.code == Some(125) && start.stderr.contains("died in its last stage"), "{start:?}");
    ground.remove()?.expect_success()?;
    ground.expect_nothing_left()
}

fn a_starter_killed_before_it_lets_go_has_started_nothing() -> Result<()> {
    let ground = Ground::new()?;
    let witness = ground.path("witness");
    let fault = Fault { at: Moment::Enter, stage: "Seal", how: How::KillStarter };
    ground.create(Some(fault), &["touch", &witness.to_string_lossy()])?.expect_success()?;
    let start = ground.start()?;
    ensure!(start.code.is_none(), "the starter was not killed: {start:?}");
    testkit::eventually("the container stops", || Ok(ground.only_state()?.status_now() == Status::Stopped))?;
    ensure!(!witness.exists(), "the command ran, and nobody knows of it");
    ground.remove()?.expect_success()?;
    ground.expect_nothing_left()
}

fn a_starter_killed_before_it_has_taken_note_has_started_nothing() -> Result<()> {
    let ground = Ground::new()?;
    let witness = ground.path("witness");
    // Stopped, it can't hear that the container is ready to become the command, and so it can't write
    // that down.
    let fault = Fault { at: Moment::Enter, stage: "Seal", how: How::StopStarter };
    ground.create(Some(fault), &["touch", &witness.to_string_lossy()])?.expect_success()?;
    std::thread::scope(|scope| {
        let start = scope.spawn(|| ground.start());
        fakes::wait_until_stopped(&ground.path(fakes::STARTER))?;
        // Time for a command that nobody holds.
        sleep(testkit::patiently(Duration::from_millis(300)));
        fakes::signal_starter(&ground.path("."), Signal::SIGKILL)?;
        let start = start.join().expect("no panic")?;
        ensure!(start.code.is_none(), "the starter was not killed: {start:?}");
        testkit::eventually("the container stops", || Ok(ground.only_state()?.status_now() == Status::Stopped))?;
        ensure!(!witness.exists(), "the command ran, and the state says that it doesn't");
        ground.remove()?.expect_success()?;
        ground.expect_nothing_left()
    })
}

fn a_removal_killed_half_way_is_finished_by_the_next() -> Result<()> {
    for stage in PREPARED {
        let ground = Ground::new()?;
        ground.create([undoer_killed_at(stage)], &["true"])?.expect_success()?;
        ground.start()?.expect_success()?;
        testkit::eventually("the container stops", || Ok(ground.only_state()?.status_now() == Status::Stopped))?;
        expect_half_undone(&ground.remove()?, &ground, stage)?;
        ground.remove()?.expect_success()?;
        ground.expect_nothing_left().context(stage)?;
    }
    Ok(())
}

fn an_undo_after_a_failure_killed_half_way_is_finished_by_the_next_command() -> Result<()> {
    for stage in PREPARED {
        let ground = Ground::new()?;
        let failure = Fault { at: Moment::Attach, stage: "System", how: How::Fail };
        let create = ground.create([undoer_killed_at(stage), failure], &["true"])?;
        expect_half_undone(&create, &ground, stage)?;
        remove_debris(&ground.store()?)?;
        ground.expect_nothing_left().context(stage)?;
    }
    Ok(())
}

fn a_removal_of_debris_killed_half_way_is_finished_by_the_next_command() -> Result<()> {
    for stage in PREPARED {
        let ground = Ground::new()?;
        let death = Fault { at: Moment::Attach, stage: "System", how: How::KillMaker };
        let create = ground.create([undoer_killed_at(stage), death], &["true"])?;
        let all = ground.made(Moment::Attach, "System");
        ensure!(create.code.is_none() && all.exists(), "{stage}: the maker was not killed first: {create:?}");
        expect_half_undone(&ground.create([], &["true"])?, &ground, stage)?;
        remove_debris(&ground.store()?)?;
        ground.expect_nothing_left().context(stage)?;
    }
    Ok(())
}

const PREPARED: [&str; 4] = ["Identity", "Mounts", "System", "Seal"];

fn undoer_killed_at(stage: &'static str) -> Fault {
    Fault { at: Moment::Prepare, stage, how: How::KillUndoer }
}

/// All that was made after this stage's is undone, and this stage's is not.
fn expect_half_undone(killed: &Ended, ground: &Ground, stage: &str) -> Result<()> {
    ensure!(killed.code.is_none(), "{stage}: it was not killed: {killed:?}");
    let last = ground.made(Moment::Prepare, stage);
    let inside = std::fs::read_dir(&last).with_context(|| format!("{stage}: {} is gone", last.display()))?;
    ensure!(inside.count() == 0, "{stage}: what was made later is not undone yet; the test proves nothing");
    Ok(())
}
