//! On a terminal: job control, Ctrl-C, Ctrl-Z, hangup, as if the command had been run directly.
//!
//! script(1) makes the terminal: what is typed into its stdin is typed there.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::observe;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use testkit::{Case, cases, eventually, needs};

use crate::running::{STORE, status_field};

pub fn cases() -> Vec<Case> {
    cases![
        a_shell_inside_ends_with_the_status_that_it_was_told,
        the_terminal_comes_back_from_a_shell_with_job_control,
        a_killed_program_leaves_the_terminal_as_it_found_it,
        a_second_interrupt_kills_a_pid_1_that_heeds_none,
        an_interrupt_is_heard_by_a_run_that_leads_its_session,
        an_interrupt_is_no_business_of_ours_where_the_command_is_no_pid_1,
        a_stop_stops_the_container_and_a_continue_continues_it,
        a_hangup_ends_a_container_that_nobody_could_reach_any_more,
        a_reader_in_the_background_is_stopped,
        nobody_inside_types_on_the_callers_terminal,
        a_set_user_id_program_works_on_the_callers_terminal,
    ]
}

/// A terminal with a program on it.
struct Terminal {
    script: Child,
}

impl Terminal {
    /// Runs a shell command line on a new terminal. `RUN` in it becomes our program's `run`.
    fn with(command: &str) -> Result<Terminal> {
        needs::program("script")?;
        needs::program("bash")?;
        let run = format!("{} --root {STORE} run", env!("CARGO_BIN_EXE_ch01-namespaces"));
        let script = Command::new("script")
            .args(["--quiet", "--return", "--command", &command.replace("RUN", &run), "/dev/null"])
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Terminal { script })
    }

    fn types(&mut self, text: &str) -> Result<()> {
        let stdin = self.script.stdin.as_mut().context("no stdin")?;
        stdin.write_all(text.as_bytes())?;
        Ok(stdin.flush()?)
    }

    /// Waits for a process called `name` on it.
    fn process(&self, name: &str) -> Result<i32> {
        let mut found = None;
        eventually(&format!("{name} runs on the terminal"), || {
            let all = observe::descendants(self.script.id() as i32);
            found = all.into_iter().find(|pid| status_field(*pid, "Name").is_ok_and(|it| it == name));
            Ok(found.is_some())
        })?;
        // Its parent may still be handing it the terminal.
        std::thread::sleep(Duration::from_millis(100));
        found.context("it is gone")
    }

    fn ends(mut self) -> Result<(i32, String)> {
        let mut output = String::new();
        self.script.stdout.take().context("no stdout")?.read_to_string(&mut output)?;
        let status = self.script.wait()?;
        Ok((status.code().context("script was killed")?, output))
    }
}

fn state(pid: i32) -> String {
    status_field(pid, "State").unwrap_or_default()
}

fn a_shell_inside_ends_with_the_status_that_it_was_told() -> Result<()> {
    for init in ["", "--init"] {
        let mut terminal = Terminal::with(&format!("RUN {init} -- sh"))?;
        terminal.process("sh")?;
        terminal.types("exit 3\n")?;
        let (status, output) = terminal.ends()?;
        ensure!(status == 3 && !output.contains("tty"), "{init}: it ended with {status}: {output}");
    }
    Ok(())
}

fn the_terminal_comes_back_from_a_shell_with_job_control() -> Result<()> {
    let mut terminal = Terminal::with("bash -c 'RUN -- bash --norc -i; read -r line; echo got $line'")?;
    terminal.types("exit\n")?;
    eventually("the container's shell has ended", || {
        Ok(!observe::descendants(terminal.script.id() as i32)
            .iter()
            .any(|pid| observe::ns_pids(*pid).is_ok_and(|ids| ids.len() > 1)))
    })?;
    terminal.types("a line\n")?;
    let (_, output) = terminal.ends()?;
    ensure!(output.contains("got a line"), "{output}");
    Ok(())
}

fn a_killed_program_leaves_the_terminal_as_it_found_it() -> Result<()> {
    needs::program("stty")?;
    let mut terminal = Terminal::with("bash -c 'RUN -- sh -c \"stty -echo; sleep 60; true\"; stty -a'")?;
    let sleep = terminal.process("sleep")?;
    let pid_1 = status_field(sleep, "PPid")?.parse()?;
    kill(Pid::from_raw(pid_1), Signal::SIGKILL)?;
    terminal.types("")?;
    let (_, output) = terminal.ends()?;
    ensure!(output.contains(" echo ") && !output.contains("-echo "), "{output}");
    Ok(())
}

fn a_second_interrupt_kills_a_pid_1_that_heeds_none() -> Result<()> {
    let mut terminal = Terminal::with("RUN -- sleep 60")?;
    let sleep = terminal.process("sleep")?;
    terminal.types("\x03")?;
    std::thread::sleep(Duration::from_millis(200));
    ensure!(observe::process_exists(sleep), "the first interrupt killed it");
    terminal.types("\x03")?;
    let (status, output) = terminal.ends()?;
    ensure!(status == 137 && output.contains("Ctrl-C again"), "{status}: {output}");
    Ok(())
}

/// As with `ssh -t host … run …`: no shell between the terminal and `run`.
fn an_interrupt_is_heard_by_a_run_that_leads_its_session() -> Result<()> {
    let mut terminal = Terminal::with("exec RUN -- sleep 1000")?;
    let sleep = terminal.process("sleep")?;
    terminal.types("\x03")?;
    std::thread::sleep(Duration::from_millis(300));
    ensure!(observe::process_exists(sleep), "one interrupt killed it");
    terminal.types("\x03")?;
    let (status, output) = terminal.ends()?;
    ensure!(status == 137 && output.contains("Ctrl-C again kills it"), "{status}: {output}");
    Ok(())
}

fn an_interrupt_is_no_business_of_ours_where_the_command_is_no_pid_1() -> Result<()> {
    let kinds = if Uid::effective().is_root() { "uts" } else { "user,uts" };
    let mut terminal = Terminal::with(&format!("RUN --namespaces {kinds} -- sleep 60"))?;
    terminal.process("sleep")?;
    terminal.types("\x03")?;
    let (status, output) = terminal.ends()?;
    ensure!(status == 130 && !output.contains("PID 1"), "{status}: {output}");
    Ok(())
}

fn a_stop_stops_the_container_and_a_continue_continues_it() -> Result<()> {
    for init in ["", "--init"] {
        let mut terminal = Terminal::with("bash --norc -i")?;
        terminal.types(&format!("RUN {init} -- cat\n").replace("RUN", &program()))?;
        let cat = terminal.process("cat")?;
        terminal.types("\x1a")?;
        eventually("cat is stopped", || Ok(state(cat).starts_with('T')))?;
        terminal.types("fg\n")?;
        eventually("cat goes on", || Ok(!state(cat).starts_with('T')))?;
        std::thread::sleep(Duration::from_millis(100));
        terminal.types("once more\n\x04")?;
        eventually("cat has ended", || Ok(!observe::process_exists(cat)))?;
        terminal.types("exit 0\n")?;
        let (_, output) = terminal.ends()?;
        ensure!(output.matches("once more").count() == 2, "{init}: typed, and printed by cat: {output}");
    }
    Ok(())
}

fn program() -> String {
    format!("{} --root {STORE} run", env!("CARGO_BIN_EXE_ch01-namespaces"))
}

fn a_hangup_ends_a_container_that_nobody_could_reach_any_more() -> Result<()> {
    let mut terminal = Terminal::with("exec RUN -- sleep 60")?;
    let sleep = terminal.process("sleep")?;
    terminal.script.kill()?;
    terminal.script.wait()?;
    eventually("the container ends with its terminal", || Ok(!observe::process_exists(sleep)))
}

fn a_reader_in_the_background_is_stopped() -> Result<()> {
    let mut terminal = Terminal::with("bash --norc -i")?;
    terminal.types(&format!("{} -- cat &\n", program()))?;
    let cat = terminal.process("cat")?;
    eventually("cat is stopped, and doesn't try for ever", || Ok(state(cat).starts_with('T')))?;
    terminal.types("kill -9 %1; exit\n")?;
    terminal.types("exit\n")?;
    terminal.ends()?;
    Ok(())
}

/// Types a line on the terminal, if it may.
const TYPE: &str = "for (split //, qq(owned\\n)) { ioctl(TTY, 0x5412, $_) or exit($!+0) }";

fn nobody_inside_types_on_the_callers_terminal() -> Result<()> {
    needs::program("perl")?;
    // As stdin, and where that is something else, as the session's terminal; also by an init's
    // child, and by who enters.
    let hold = format!("{} -- sleep 30 </dev/null & sleep 0.5;", program());
    let enter = format!("{} --root {STORE} enter $(cat /tmp/pid)", env!("CARGO_BIN_EXE_ch01-namespaces"));
    let run = program();
    for (before, run) in [("", &format!("{run} --")), ("", &format!("{run} --init --")), (&hold[..], &enter)] {
        for file in ["<&STDIN", "+</dev/tty"] {
            let perl = format!("open(TTY, q({file})) or exit 99; {TYPE}");
            let redirected = if file.contains("tty") { "</dev/null >/dev/null" } else { "" };
            let pid =
                format!("pgrep -x sleep | tail -1 >/tmp/pid; {run} perl -e '{perl}' {redirected}; echo status $?;");
            fs::write(
                "/tmp/attack",
                format!("{before} {pid} read -r line; echo got $line; kill %1 2>/dev/null; true"),
            )?;
            let mut terminal = Terminal::with("bash /tmp/attack")?;
            terminal.types("honest\n")?;
            let (_, output) = terminal.ends()?;
            let refused = output.contains(&format!("status {}", Errno::EPERM as i32));
            ensure!(refused && output.contains("got honest") && !output.contains("owned"), "{run} {file}: {output}");
        }
    }
    Ok(())
}

fn a_set_user_id_program_works_on_the_callers_terminal() -> Result<()> {
    let terminal = Terminal::with("RUN -- grep NoNewPrivs /proc/self/status")?;
    let (_, output) = terminal.ends()?;
    ensure!(output.contains("NoNewPrivs:\t0"), "{output}");
    Ok(())
}
