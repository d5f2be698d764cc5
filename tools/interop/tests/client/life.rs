//! A container's life: stop, start, restart, kill, pause, rename, wait, rm.

use std::process::Stdio;

use anyhow::{Result, ensure};
use interop::world::World;
use testkit::{Case, cases, eventually, needs};

use crate::with_each_client;

pub fn cases() -> Vec<Case> {
    cases![
        a_container_is_stopped_started_restarted_and_removed,
        kill_sends_the_signal_and_wait_tells_the_status,
        a_paused_container_stands_still,
        a_renamed_container_is_found_by_its_new_name,
        logs_follow_to_the_end_and_can_be_cut,
        attach_shows_what_comes_and_ends_with_the_container,
    ]
}

fn state(world: &World, name: &str, field: &str) -> Result<String> {
    world.docker(&["inspect", "-f", &format!("{{{{.State.{field}}}}}"), name])
}

/// Ends by TERM with status 4.
const POLITE: &str = "trap 'exit 4' TERM; echo up; while :; do sleep 0.1; done";

fn a_container_is_stopped_started_restarted_and_removed() -> Result<()> {
    with_each_client(|world| {
        world.docker(&["run", "-d", "--name", "life", "busybox", "sh", "-c", POLITE])?;
        eventually("it is up", || Ok(world.docker(&["logs", "life"])? == "up"))?;
        let listed = world.docker(&["ps", "--format", "{{.Names}} {{.Image}} {{.Status}}"])?;
        ensure!(listed.starts_with("life busybox Up "), "{listed}");
        let first = state(world, "life", "Pid")?;

        ensure!(world.docker(&["stop", "-t", "20", "life"])? == "life");
        ensure!(state(world, "life", "ExitCode")? == "4" && state(world, "life", "Running")? == "false");
        ensure!(world.docker(&["ps", "-q"])?.is_empty());
        let listed = world.docker(&["ps", "-a", "--format", "{{.Status}}"])?;
        ensure!(listed.starts_with("Exited (4) "), "{listed}");

        world.docker(&["start", "life"])?;
        eventually("it is up again", || Ok(world.docker(&["logs", "life"])? == "up\nup"))?;
        let second = state(world, "life", "Pid")?;
        world.docker(&["restart", "-t", "20", "life"])?;
        let third = state(world, "life", "Pid")?;
        ensure!(first != second && second != third && third != "0", "{first} {second} {third}");

        let stderr = world.docker_fails(&["rm", "life"])?;
        ensure!(stderr.contains("running") && stderr.contains("container"), "{stderr}");
        world.docker(&["rm", "-f", "life"])?;
        ensure!(world.docker(&["ps", "-aq"])?.is_empty());
        Ok(())
    })
}

fn kill_sends_the_signal_and_wait_tells_the_status() -> Result<()> {
    with_each_client(|world| {
        let script = "trap 'echo usr1' USR1; echo up; while :; do sleep 0.1; done";
        world.docker(&["run", "-d", "--name", "kk", "busybox", "sh", "-c", script])?;
        eventually("it is up", || Ok(world.docker(&["logs", "kk"])? == "up"))?;
        world.docker(&["kill", "-s", "USR1", "kk"])?;
        eventually("the signal has arrived", || Ok(world.docker(&["logs", "kk"])? == "up\nusr1"))?;
        let mut waits = world.command("docker");
        let waits = waits.args(["wait", "kk"]).stdout(Stdio::piped()).spawn()?;
        world.docker(&["kill", "kk"])?;
        let waited = waits.wait_with_output()?;
        ensure!(waited.stdout == b"137\n", "{waited:?}");
        // Of one that has ended, too.
        ensure!(world.docker(&["wait", "kk"])? == "137");
        let stderr = world.docker_fails(&["kill", "kk"])?;
        ensure!(stderr.contains("is not running"), "{stderr}");
        world.docker(&["rm", "kk"])?;
        Ok(())
    })
}

fn a_paused_container_stands_still() -> Result<()> {
    needs::root()?;
    with_each_client(|world| {
        let script = "i=0; while :; do i=$((i + 1)); echo $i; sleep 0.05; done";
        world.docker(&["run", "-d", "--name", "pp", "busybox", "sh", "-c", script])?;
        let lines = || Ok::<_, anyhow::Error>(world.docker(&["logs", "pp"])?.lines().count());
        eventually("it counts", || Ok(lines()? > 2))?;
        world.docker(&["pause", "pp"])?;
        ensure!(state(world, "pp", "Status")? == "paused");
        ensure!(world.docker(&["ps", "--format", "{{.Status}}"])?.ends_with("(Paused)"));
        // What was on its way is written; then nothing more comes.
        let mut before = lines()?;
        eventually("the log stands still", || {
            std::thread::sleep(std::time::Duration::from_millis(300));
            let now = lines()?;
            let still = now == before;
            before = now;
            Ok(still)
        })?;
        world.docker(&["unpause", "pp"])?;
        eventually("it goes on", || Ok(lines()? > before))?;
        world.docker(&["rm", "-f", "pp"])?;
        Ok(())
    })
}

fn a_renamed_container_is_found_by_its_new_name() -> Result<()> {
    with_each_client(|world| {
        let id = world.docker(&["create", "--name", "old", "busybox"])?;
        world.docker(&["rename", "old", "new"])?;
        ensure!(world.docker(&["inspect", "-f", "{{.Id}} {{.Name}}", "new"])? == format!("{id} /new"));
        world.docker_fails(&["inspect", "old"])?;
        // The beginning of an id is a name, too.
        ensure!(world.docker(&["rm", &id[..8]])? == id[..8]);
        Ok(())
    })
}

fn logs_follow_to_the_end_and_can_be_cut() -> Result<()> {
    with_each_client(|world| {
        let script = "for i in 1 2 3 4 5; do echo line $i; sleep 0.1; done; echo last >&2";
        world.docker(&["run", "-d", "--name", "ll", "busybox", "sh", "-c", script])?;
        let followed = world.try_docker(&["logs", "-f", "ll"])?;
        ensure!(followed.stdout == "line 1\nline 2\nline 3\nline 4\nline 5\n", "{followed:?}");
        ensure!(followed.stderr == "last\n", "{followed:?}");
        ensure!(world.try_docker(&["logs", "--tail", "2", "ll"])?.stdout == "line 5\n");
        let with_times = world.docker(&["logs", "-t", "ll"])?;
        let first = with_times.lines().next().unwrap_or_default();
        ensure!(first.starts_with("20") && first.contains("Z line 1"), "{with_times}");
        ensure!(world.try_docker(&["logs", "--until", "2020-01-01T00:00:00Z", "ll"])?.stdout.is_empty());
        world.docker(&["rm", "ll"])?;
        Ok(())
    })
}

fn attach_shows_what_comes_and_ends_with_the_container() -> Result<()> {
    with_each_client(|world| {
        world.docker(&["run", "-d", "-i", "--name", "aa", "busybox", "sh", "-c", "read x; echo got $x; exit 2"])?;
        let mut attach = world.command("docker");
        attach.args(["attach", "aa"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut attached = attach.spawn()?;
        std::io::Write::write_all(attached.stdin.as_mut().expect("a pipe"), b"this\n")?;
        let output = attached.wait_with_output()?;
        ensure!(output.status.code() == Some(2) && output.stdout == b"got this\n", "{output:?}");
        world.docker(&["rm", "aa"])?;
        Ok(())
    })
}
