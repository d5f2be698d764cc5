//! `-it` on a real terminal.

use anyhow::{Result, ensure};
use interop::pty::Terminal;
use interop::world::World;
use testkit::{Case, cases, eventually};

use crate::with_each_client;

pub fn cases() -> Vec<Case> {
    cases![
        a_shell_on_a_terminal_has_its_size_and_its_status,
        a_window_that_is_resized_is_resized_inside,
        exec_has_a_terminal_of_its_own,
        one_can_leave_a_terminal_and_come_back,
        ctrl_c_reaches_the_command,
    ]
}

fn docker(world: &World, args: &[&str]) -> Result<Terminal> {
    let mut command = world.command("docker");
    command.args(args);
    Terminal::start(&command, 31, 77)
}

fn a_shell_on_a_terminal_has_its_size_and_its_status() -> Result<()> {
    with_each_client(|world| {
        let mut terminal = docker(world, &["run", "-it", "--rm", "busybox", "sh"])?;
        terminal.shows("# ")?;
        terminal.types("test -t 0 && test -t 1 && echo a-$((40 + 2))-terminal; stty size; tty\r")?;
        terminal.shows("a-42-terminal")?;
        terminal.shows("31 77")?;
        terminal.shows("/dev/")?;
        terminal.types("exit 5\r")?;
        let (status, shown) = terminal.ends()?;
        ensure!(status.code() == Some(5), "{status} {shown}");
        Ok(())
    })
}

fn a_window_that_is_resized_is_resized_inside() -> Result<()> {
    with_each_client(|world| {
        let script = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.1; done";
        let terminal = docker(world, &["run", "-it", "--name", "rr", "busybox", "sh", "-c", script])?;
        terminal.shows("ready")?;
        // The client begins to listen for a change of size some time after the first one: so again.
        eventually("the terminal shows \"12 34\"", || {
            terminal.resize(12, 33)?;
            terminal.resize(12, 34)?;
            Ok(terminal.screen().contains("12 34"))
        })?;
        world.docker(&["rm", "-f", "rr"])?;
        Ok(())
    })
}

fn exec_has_a_terminal_of_its_own() -> Result<()> {
    with_each_client(|world| {
        world.docker(&["run", "-d", "--name", "ex", "busybox", "sleep", "600"])?;
        let mut terminal = docker(world, &["exec", "-it", "ex", "sh"])?;
        terminal.shows("# ")?;
        terminal.types("stty size; test -t 0; echo is-$?\r")?;
        terminal.shows("31 77")?;
        terminal.shows("is-0")?;
        terminal.types("exit 6\r")?;
        let (status, shown) = terminal.ends()?;
        ensure!(status.code() == Some(6), "{status} {shown}");
        world.docker(&["rm", "-f", "ex"])?;
        Ok(())
    })
}

fn one_can_leave_a_terminal_and_come_back() -> Result<()> {
    with_each_client(|world| {
        let mut terminal = docker(world, &["run", "-it", "--name", "back", "busybox", "sh"])?;
        terminal.shows("# ")?;
        // Ctrl-P Ctrl-Q.
        terminal.types("\x10\x11")?;
        terminal.ends()?;
        ensure!(world.docker(&["ps", "-q"])?.lines().count() == 1, "it ended with its terminal");
        let mut terminal = docker(world, &["attach", "back"])?;
        testkit::eventually("the shell answers again", || {
            terminal.types("echo again-$((1 + 1))\r")?;
            Ok(terminal.screen().contains("again-2"))
        })?;
        terminal.types("\rexit 3\r")?;
        let (status, shown) = terminal.ends()?;
        ensure!(status.code() == Some(3), "{status} {shown}");
        world.docker(&["rm", "back"])?;
        Ok(())
    })
}

fn ctrl_c_reaches_the_command() -> Result<()> {
    with_each_client(|world| {
        let script = "trap 'echo interrupted; exit 8' INT; echo ready; while :; do sleep 0.1; done";
        let mut terminal = docker(world, &["run", "-it", "--rm", "busybox", "sh", "-c", script])?;
        terminal.shows("ready")?;
        terminal.types("\x03")?;
        terminal.shows("interrupted")?;
        ensure!(terminal.ends()?.0.code() == Some(8));
        Ok(())
    })
}
