//! Its processes, as mydocker's caller and its own command meet them.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;
use testkit::{Case, cases, needs};

use crate::running::{NAME, mydocker, run, send, started, stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        the_command_is_pid_1_and_ps_is_true,
        what_is_sent_to_mydocker_arrives_at_the_command,
        with_init_term_ends_a_command_that_has_no_handler,
        a_second_process_is_in_the_container_with_the_first,
        what_is_sent_to_exec_arrives_at_its_command,
        a_shell_of_exec_on_a_terminal_ends_as_it_was_told,
        exit_codes_are_dockers,
        stdin_and_stdout_are_the_commands_alone,
        whose_steps_run_is_said_once,
        a_shell_on_a_terminal_ends_as_it_was_told,
        nobody_inside_types_on_the_callers_terminal,
        with_t_the_container_has_a_terminal_of_its_own_and_ours_is_as_before,
    ]
}

fn the_command_is_pid_1_and_ps_is_true() -> Result<()> {
    let output =
        run(&["run", "sh", "-c", "echo $$ $(cat /proc/self/status | grep NSpid) $(ls -d /proc/[0-9]* | wc -l)"])?;
    let words: Vec<String> = stdout(&output).split_whitespace().map(ToString::to_string).collect();
    ensure!(words.first().is_some_and(|pid| pid == "1"), "{output:?}");
    // The shell, and the two or three that count; the machine has more.
    let processes: usize = words.last().context("a count")?.parse()?;
    ensure!(processes <= 5, "{output:?}");
    Ok(())
}

fn what_is_sent_to_mydocker_arrives_at_the_command() -> Result<()> {
    let script = "trap 'exit 9' USR1; echo ready; while :; do sleep 0.05; done";
    let mut child = started(&["run", "--no-lab", "sh", "-c", script], Stdio::null())?;
    send(&child, Signal::SIGUSR1)?;
    let status = child.wait()?;
    ensure!(status.code() == Some(9), "{status:?}");
    Ok(())
}

fn with_init_term_ends_a_command_that_has_no_handler() -> Result<()> {
    let mut child = started(&["run", "--no-lab", "--init", "sh", "-c", "echo ready; exec sleep 60"], Stdio::null())?;
    send(&child, Signal::SIGTERM)?;
    let status = child.wait()?;
    ensure!(status.code() == Some(143), "{status:?}");
    Ok(())
}

fn what_is_sent_to_exec_arrives_at_its_command() -> Result<()> {
    let name = format!("sent-{}", std::process::id());
    let words = ["run", "--no-lab", "--name", &name, "sh", "-c", "echo ready; read line"];
    let mut first = started(&words, Stdio::piped())?;
    let script = "trap 'exit 9' USR1; echo ready; while :; do sleep 0.05; done";
    let mut second = started(&["exec", &name, "sh", "-c", script], Stdio::null())?;
    send(&second, Signal::SIGUSR1)?;
    ensure!(second.wait()?.code() == Some(9));
    let mut third = started(&["exec", &name, "sh", "-c", "echo ready; exec sleep 99"], Stdio::null())?;
    send(&third, Signal::SIGTERM)?;
    ensure!(third.wait()?.code() == Some(143));
    drop(first.stdin.take());
    first.wait()?;
    Ok(())
}

fn a_shell_of_exec_on_a_terminal_ends_as_it_was_told() -> Result<()> {
    needs::program("script")?;
    let name = format!("shell-{}", std::process::id());
    let words = ["run", "--no-lab", "--name", &name, "sh", "-c", "echo ready; read line"];
    let mut first = started(&words, Stdio::piped())?;
    let command = format!("{} exec {name} sh", env!("CARGO_BIN_EXE_mydocker-solved"));
    let mut script = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    script.stdin.as_mut().context("its stdin")?.write_all(b"exit 3\n")?;
    let mut said = String::new();
    script.stdout.as_mut().context("its stdout")?.read_to_string(&mut said)?;
    let status = script.wait()?;
    ensure!(status.code() == Some(3) && !said.contains("tty"), "{status}, {said}");
    drop(first.stdin.take());
    first.wait()?;
    Ok(())
}

fn a_second_process_is_in_the_container_with_the_first() -> Result<()> {
    for (number, place) in [&["--no-lab"][..], &[]].into_iter().enumerate() {
        let name = format!("web-{number}-{}", std::process::id());
        let words = ["--name", &name, "--hostname", "boat", "sh", "-c", "echo ready; read line"];
        let mut first = started(&[&["run"], place, &words[..]].concat(), Stdio::piped())?;
        let listed = stdout(&run(&["ps"])?);
        ensure!(listed.contains(&name) && listed.contains("read line"), "{listed}");
        let script = format!("{NAME}; cat /proc/1/cmdline | tr '\\0' ' '; id -u; exit 5");
        let second = run(&["exec", &name, "sh", "-c", &script])?;
        first.stdin.take();
        first.wait()?;
        let said = stdout(&second);
        ensure!(said.starts_with("boat") && said.contains("read line") && said.ends_with('0'), "{second:?}");
        ensure!(second.status.code() == Some(5), "{second:?}");
        let gone = run(&["exec", &name, "true"])?;
        ensure!(gone.status.code() == Some(125) && stderr(&gone).contains("mydocker ps"), "{gone:?}");
    }
    Ok(())
}

fn exit_codes_are_dockers() -> Result<()> {
    for (arguments, code) in [
        (&["run", "sh", "-c", "exit 7"][..], 7),
        // PID 1 can't be killed from inside.
        (&["run", "sh", "-c", "kill -9 $$; exit 8"], 8),
        (&["run", "--init", "sh", "-c", "kill -9 $$"], 137),
        // Real-time signals: the command's, and an orphan's, which is no end.
        (&["run", "--init", "sh", "-c", "kill -64 $$"], 192),
        (&["run", "--init", "sh", "-c", "sh -c 'sleep 9 & kill -40 $!'; sleep 0.2; exit 9"], 9),
        (&["run", "--init", "no-such-command"], 127),
        (&["run", "no-such-command"], 127),
        (&["run", "/etc/passwd"], 126),
        (&["run", "/"], 126),
        (&["run"], 125),
        (&["run", "--no-such-option", "true"], 125),
    ] {
        let output = run(arguments)?;
        ensure!(output.status.code() == Some(code), "{arguments:?}: expected {code}, got {output:?}");
    }
    Ok(())
}

fn stdin_and_stdout_are_the_commands_alone() -> Result<()> {
    needs::user_namespaces()?;
    let mut child = mydocker(&["run", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().context("its stdin")?.write_all(b"through and through")?;
    let output = child.wait_with_output()?;
    ensure!(output.stdout == b"through and through", "{output:?}");
    Ok(())
}

fn whose_steps_run_is_said_once() -> Result<()> {
    let output = run(&["run", "true"])?;
    ensure!(stderr(&output).matches("your functions").count() == 1, "{output:?}");
    ensure!(stderr(&output).contains("sample solutions: 1.2-"), "{output:?}");
    ensure!(stderr(&output).lines().all(|line| line.chars().count() <= 80), "{output:?}");
    Ok(())
}

fn a_shell_on_a_terminal_ends_as_it_was_told() -> Result<()> {
    needs::program("script")?;
    needs::user_namespaces()?;
    for init in ["", "--init"] {
        let command = format!("{} run --no-lab {init} sh", env!("CARGO_BIN_EXE_mydocker"));
        let mut script = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        // What is typed early waits in the terminal.
        script.stdin.as_mut().context("its stdin")?.write_all(b"exit 3\n")?;
        let mut said = String::new();
        script.stdout.as_mut().context("its stdout")?.read_to_string(&mut said)?;
        let status = script.wait()?;
        ensure!(status.code() == Some(3) && !said.contains("Cannot set tty"), "{init}: {status}, {said}");
    }
    Ok(())
}

fn nobody_inside_types_on_the_callers_terminal() -> Result<()> {
    needs::program("script")?;
    needs::program("perl")?;
    needs::user_namespaces()?;
    for lab in ["", "--no-lab"] {
        // TIOCSTI, as ioctl_tty(2) has it.
        let attack = "perl -e '$_=q(x); ioctl(STDIN, 0x5412, $_) or exit($!+0)'; echo status $?";
        let command = format!("{} run {lab} sh -c \"{}\"", env!("CARGO_BIN_EXE_mydocker"), attack.replace('$', "\\$"));
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &command, "/dev/null"]).stdin(Stdio::null());
        let said = stdout(&script.output()?);
        ensure!(said.contains(&format!("status {}", nix::libc::EPERM)), "{lab}: {said}");
    }
    Ok(())
}

fn with_t_the_container_has_a_terminal_of_its_own_and_ours_is_as_before() -> Result<()> {
    needs::program("script")?;
    needs::user_namespaces()?;
    let name = format!("tty-{}", std::process::id());
    let us = env!("CARGO_BIN_EXE_mydocker-solved");
    let mut first =
        started(&["run", "--no-lab", "--name", &name, "sh", "-c", "echo ready; read line"], Stdio::piped())?;
    for words in ["run -it --no-lab sh".to_string(), "run -it sh".into(), format!("exec -it {name} sh")] {
        let command = format!("stty rows 33 cols 101; stty -g; {us} {words}; echo code $?; stty -g");
        let mut script = Command::new("script")
            .args(["--quiet", "--command", &command, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let typed = b"tty; stty size; exit 3\n";
        script.stdin.as_mut().context("its stdin")?.write_all(typed)?;
        let mut said = String::new();
        script.stdout.as_mut().context("its stdout")?.read_to_string(&mut said)?;
        script.wait()?;
        let lines: Vec<&str> = said.lines().map(str::trim).collect();
        // The first one is behind a prompt.
        let has = |end: &str| lines.iter().any(|line| line.ends_with(end));
        ensure!(has("/dev/pts/0") && has("33 101") && has("code 3"), "{words}: {said}");
        ensure!(!said.contains("job control"), "{words}: {said}");
        let settings: Vec<_> = lines.iter().filter(|line| line.matches(':').count() > 20).collect();
        ensure!(settings.len() == 2 && settings[0] == settings[1], "{words}: {said}");
    }
    drop(first.stdin.take());
    first.wait()?;
    let no_terminal = run(&["run", "-it", "true"])?;
    ensure!(no_terminal.status.code() == Some(125) && stderr(&no_terminal).contains("not a TTY"), "{no_terminal:?}");
    Ok(())
}
