//! `kill -9` of every process there is in a container's life, at every moment: the next command finds what is left.
//!
//! With the fakes of the shape's tests. Their containers are made, started and removed by processes of their own, since that
//! is what can be killed.

use crate::fakes::{self, Fault, Ground, How, Moment};
use anyhow::{Context, Result, ensure};
use ch01_namespaces::{Status, remove, remove_debris};
use testkit::{Case, cases};

pub fn cases() -> Vec<Case> {
    cases![
        a_maker_killed_at_any_step_leaves_nothing_after_the_next_command,
        a_child_killed_at_any_step_is_an_error_and_leaves_nothing,
        a_child_that_dies_in_its_last_stage_does_not_look_started,
        a_starter_killed_before_it_lets_go_has_started_nothing,
        a_starter_killed_after_it_let_go_leaves_a_container_like_any_other,
        an_undo_killed_half_way_is_finished_by_the_next_command,
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

fn a_starter_killed_after_it_let_go_leaves_a_container_like_any_other() -> Result<()> {
    let ground = Ground::new()?;
    let (starter, witness) = (ground.path(fakes::STARTER), ground.path("witness"));
    let script = format!("kill -9 $(cat {}); touch {}; exec sleep 30", starter.display(), witness.display());
    // Stopped, it can't hear that the container is let go before the command kills it.
    let fault = Fault { at: Moment::Enter, stage: "Seal", how: How::StopStarter };
    ground.create(Some(fault), &["sh", "-c", &script])?.expect_success()?;
    let start = ground.start()?;
    ensure!(start.code.is_none(), "the starter was not killed: {start:?}");
    testkit::eventually("the command runs", || Ok(witness.exists()))?;

    let again = ground.start()?;
    ensure!(again.code == Some(125) && again.stderr.contains("it runs already"), "{again:?}");
    let kept = ground.remove()?;
    ensure!(kept.code == Some(125) && kept.stderr.contains("--force"), "a living container was removed: {kept:?}");
    remove(&ground.store()?, &ground.only_state()?.id, true)?;
    ground.expect_nothing_left()
}

fn an_undo_killed_half_way_is_finished_by_the_next_command() -> Result<()> {
    for (at, stage) in fakes::MADE.into_iter().filter(|(at, _)| *at == Moment::Prepare) {
        let ground = Ground::new()?;
        ground.create(Some(Fault { at, stage, how: How::KillUndoer }), &["true"])?.expect_success()?;
        ground.start()?.expect_success()?;
        testkit::eventually("the container stops", || Ok(ground.only_state()?.status_now() == Status::Stopped))?;
        let killed = ground.remove()?;
        ensure!(killed.code.is_none(), "{stage}: the undo was not killed: {killed:?}");
        let last = ground.made(at, stage);
        let inside = std::fs::read_dir(&last).with_context(|| format!("{stage}: {} is gone", last.display()))?;
        ensure!(inside.count() == 0, "{stage}: what was made later is not undone yet; the test proves nothing");
        ground.remove()?.expect_success()?;
        ground.expect_nothing_left().with_context(|| format!("after kill -9 in the undo, before {stage}'s"))?;
    }
    Ok(())
}
