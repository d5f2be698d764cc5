//! What a container reads and writes: clients, the log, and readers that don't read.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, eventually};

use crate::world::{STORE, detached, fails, format_output, inspect, program, state, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        what_goes_in_comes_out_unchanged,
        signals_to_a_client_are_the_containers,
        the_log_keeps_lines_times_and_streams,
        a_log_is_followed_until_the_end,
        a_full_log_is_rotated_line_by_line,
        a_client_that_does_not_read_holds_nothing_up_for_long,
        a_client_that_has_stopped_reading_is_told_so,
        a_slow_reader_gets_everything,
        input_ends_with_the_first_client,
        who_waits_takes_no_processor_time,
    ]
    .into_iter()
    .map(|case| case.time_limit(Duration::from_secs(600)))
    .collect()
}

/// Bytes of all kinds, without a pattern as long as a buffer.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn what_goes_in_comes_out_unchanged() -> Result<()> {
    let input = bytes(6_000_000);
    for args in [&["run", "--rm", "-i", "hostbox", "cat"][..], &["run", "--rm", "-i", "hostbox", "sh", "-c", "cat >&2"]]
    {
        let mut child = program(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take().context("no stdin")?;
        let sent = input.clone();
        let writer = std::thread::spawn(move || stdin.write_all(&sent));
        let output = child.wait_with_output()?;
        ensure!(writer.join().is_ok_and(|written| written.is_ok()) && output.status.success());
        let (came, nothing) =
            if args.len() == 5 { (output.stdout, output.stderr) } else { (output.stderr, output.stdout) };
        ensure!(came == input && nothing.is_empty(), "{args:?}: {} of {} bytes came", came.len(), input.len());
    }
    // Without -i there is no input, whatever the caller's is.
    let mut child = program(&["run", "--rm", "hostbox", "cat"]).stdin(Stdio::piped()).spawn()?;
    let _held = child.stdin.take();
    ensure!(child.wait()?.success());
    Ok(())
}

fn who_waits_takes_no_processor_time() -> Result<()> {
    let quiet = "exec <&- >&- 2>&-; sleep 1000";
    let mut clients = Vec::new();
    for args in [
        &["run", "--name", "aa", "hostbox", "sleep", "1000"][..],
        &["run", "-i", "--name", "bb", "hostbox", "sleep", "1000"],
        &["run", "-i", "--name", "cc", "hostbox", "sh", "-c", quiet],
        &["run", "-t", "--name", "dd", "hostbox", "sleep", "1000"],
    ] {
        // -i with an input that is at its end, too.
        clients.push(program(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    }
    eventually("all run", || {
        Ok(["aa", "bb", "cc", "dd"].iter().all(|name| state(name).is_ok_and(|it| it.starts_with("running"))))
    })?;
    for args in [
        &["exec", "aa", "sleep", "1000"][..],
        &["exec", "-i", "aa", "sh", "-c", quiet],
        &["attach", "bb"],
        &["logs", "-f", "cc"],
        &["wait", "aa"],
    ] {
        clients.push(program(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    }
    testkit::expect_rest()?;
    for client in &mut clients {
        ensure!(client.try_wait()?.is_none(), "all of them still wait");
        client.kill()?;
        client.wait()?;
    }
    // Nor do shims whose clients are gone.
    testkit::expect_rest()
}

fn signals_to_a_client_are_the_containers() -> Result<()> {
    let script = "trap 'echo got it; exit 6' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = program(&["run", "--rm", "hostbox", "sh", "-c", script]).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("no stdout")?).lines();
    ensure!(lines.next().context("no line")?? == "ready");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), nix::sys::signal::SIGTERM)?;
    ensure!(lines.next().context("no line")?? == "got it");
    ensure!(child.wait()?.code() == Some(6));
    Ok(())
}

fn the_log_keeps_lines_times_and_streams() -> Result<()> {
    let script = "echo one; printf 'thr'; while test ! -e /go; do sleep 0.02; done; echo ee; echo two >&2; printf last";
    detached("talks", &[], script)?;
    // Each line has a time of its own.
    eventually("the first line is there", || Ok(succeeds(&["logs", "talks"])? == "one"))?;
    program(&["exec", "talks", "touch", "/go"]).status()?;
    succeeds(&["wait", "talks"])?;
    let logs = program(&["logs", "talks"]).output()?;
    ensure!(logs.stdout == b"one\nthree\nlast" && logs.stderr == b"two\n", "{}", format_output(&logs));
    ensure!(succeeds(&["logs", "--tail", "1", "talks"])? == "last");
    ensure!(succeeds(&["logs", "-n", "0", "talks"])?.is_empty());
    let timed = succeeds(&["logs", "-t", "talks"])?;
    ensure!(timed.lines().all(|line| line.starts_with("20") && line.contains("Z ")), "{timed}");
    // Since the time of a line, and until it.
    let time = timed.lines().nth(1).and_then(|line| line.split(' ').next()).context("no time")?;
    ensure!(succeeds(&["logs", "--since", time, "talks"])?.starts_with("three"));
    ensure!(succeeds(&["logs", "--until", time, "talks"])? == "one\nthree");
    ensure!(succeeds(&["logs", "--since", "1h", "talks"])?.starts_with("one"));
    ensure!(fails(&["logs", "--since", "yesterday", "talks"], 125)?.contains("invalid time"));
    // Docker's format, as other programs read it.
    let file = fs::read_to_string(inspect("talks", "{{.LogPath}}")?)?;
    let first: serde_json::Value = serde_json::from_str(file.lines().next().context("empty")?)?;
    ensure!(first["log"] == "one\n" && first["stream"] == "stdout" && first["time"].is_string(), "{first}");
    // A second life goes on in the same log, and a damaged line hides no other.
    let path = inspect("talks", "{{.LogPath}}")?;
    fs::write(&path, format!("{file}half a li\n"))?;
    succeeds(&["start", "talks"])?;
    succeeds(&["wait", "talks"])?;
    ensure!(succeeds(&["logs", "talks"])?.matches("three").count() == 2);
    Ok(())
}

fn a_log_is_followed_until_the_end() -> Result<()> {
    detached(
        "talks",
        &[],
        "echo before; while test ! -e /tmp/go; do sleep 0.02; done; for i in 1 2 3; do echo $i; done; printf end",
    )?;
    eventually("it begins", || Ok(succeeds(&["logs", "talks"])? == "before"))?;
    let mut follow = program(&["logs", "-f", "talks"]).stdout(Stdio::piped()).spawn()?;
    let mut reader = BufReader::new(follow.stdout.take().context("no stdout")?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    ensure!(line == "before\n", "{line}");
    // The container may end, and take the command along, as soon as the file is there.
    program(&["exec", "talks", "touch", "/tmp/go"]).status()?;
    let mut rest = String::new();
    reader.read_to_string(&mut rest)?;
    ensure!(rest == "1\n2\n3\nend" && follow.wait()?.success(), "{rest:?}");
    Ok(())
}

fn a_full_log_is_rotated_line_by_line() -> Result<()> {
    let flags = ["--log-opt", "max-size=1k", "--log-opt", "max-file=3"];
    detached("talks", &flags, "for i in $(seq 200); do echo line $i; done")?;
    succeeds(&["wait", "talks"])?;
    let path = inspect("talks", "{{.LogPath}}")?;
    let size = |path: &str| fs::metadata(path).map(|meta| meta.len());
    for name in [path.clone(), format!("{path}.1"), format!("{path}.2")] {
        ensure!(size(&name)? <= 1000, "{name} has {} bytes", size(&name)?);
    }
    ensure!(!fs::exists(format!("{path}.3"))?);
    // The newest lines are there, in order and without a hole.
    let lines: Vec<usize> =
        succeeds(&["logs", "talks"])?.lines().filter_map(|line| line.strip_prefix("line ")?.parse().ok()).collect();
    ensure!(
        lines.last() == Some(&200) && lines.windows(2).all(|pair| pair[1] == pair[0] + 1) && lines.len() > 20,
        "{lines:?}"
    );
    // And nobody who follows misses one.
    let script = "for i in $(seq 60); do echo line $i; sleep 0.01; done";
    detached("slowly", &flags, script)?;
    let followed = succeeds(&["logs", "-f", "slowly"])?;
    let seen = followed.lines().filter(|line| line.starts_with("line ")).count();
    ensure!(seen >= 60, "{seen} of 60 lines: {followed}");
    Ok(())
}

/// How many MB: 1000 take longer than a chapter's tests should.
const FLOOD: &str = "CORACLE_FLOOD_MB";

fn a_client_that_does_not_read_holds_nothing_up_for_long() -> Result<()> {
    let megabytes: usize = std::env::var(FLOOD).ok().and_then(|number| number.parse().ok()).unwrap_or(20);
    println!("{FLOOD}={megabytes}");
    let script = format!(
        "i=0; while test $i -lt {megabytes}; do head -c 999999 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done; \
         echo finished"
    );
    let child = program(&["run", "--name", "floods", "hostbox", "sh", "-c", &script]).stdout(Stdio::piped()).spawn();
    let mut child = child?;
    // Nobody takes a byte of it.
    let shim = || crate::world::shim_of(&inspect("floods", "{{.Id}}")?);
    eventually("it runs", || Ok(state("floods").is_ok_and(|state| state == "running 0")))?;
    let status = format!("/proc/{}/status", shim()?);
    let mut most = 0;
    testkit::eventually_within(Duration::from_secs(20 + megabytes as u64), "it ends", || {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let peak =
            text.lines().find_map(|line| line.strip_prefix("RssAnon:")?.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(peak.unwrap_or(0));
        Ok(state("floods").is_ok_and(|state| state == "exited 0"))
    })?;
    // A queue of 1 MB, what is read at once, a line that is not at its end yet.
    ensure!((1..16_000).contains(&most), "the shim had {most} kB");
    let mut logs = program(&["logs", "floods"]).stdout(Stdio::piped()).spawn()?;
    let (mut length, mut last, mut buffer) = (0, Vec::new(), vec![0; 1 << 20]);
    let mut out = logs.stdout.take().context("no stdout")?;
    while let read @ 1.. = out.read(&mut buffer)? {
        length += read;
        last.extend_from_slice(&buffer[..read]);
        last.drain(..last.len().saturating_sub(9));
    }
    ensure!(logs.wait()?.success() && length == megabytes * 1_000_000 + 9, "the log has {length} bytes");
    ensure!(last == b"finished\n", "{last:?}");
    drop(child.stdout.take());
    child.wait()?;
    ensure!(!fs::exists(format!("{STORE}/shims/none"))?);
    Ok(())
}

fn a_slow_reader_gets_everything() -> Result<()> {
    let flood = "head -c 8000000 /dev/zero | tr '\\0' x";
    for args in [
        &["run", "--name", "slow", "hostbox", "sh", "-c", flood][..],
        &["run", "-d", "--name", "beside", "hostbox", "sleep", "1000"],
        &["exec", "beside", "sh", "-c", flood],
    ] {
        let mut child = program(args).stdout(Stdio::piped()).spawn()?;
        let mut stdout = child.stdout.take().context("no stdout")?;
        let (mut all, mut buffer) = (0, vec![0; 500_000]);
        while let length @ 1.. = stdout.read(&mut buffer)? {
            all += length;
            // For longer than the shim's queue and all pipes between hold.
            if all < 3_000_000 {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        ensure!(child.wait()?.success());
        ensure!(args[1] == "-d" || all == 8_000_000, "{args:?}: {all} bytes");
    }
    Ok(())
}

fn a_client_that_has_stopped_reading_is_told_so() -> Result<()> {
    // Nobody reads before everything is written.
    let flood = "head -c 4000000 /dev/zero | tr '\\0' x";
    let mut child = program(&["run", "--name", "flood", "hostbox", "sh", "-c", flood])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let logged = || Ok::<_, anyhow::Error>(program(&["logs", "flood"]).output()?.stdout.len());
    testkit::eventually_within(Duration::from_secs(30), "the log is complete", || Ok(logged()? == 4_000_000))?;
    let (mut out, mut told) = (Vec::new(), String::new());
    child.stdout.take().context("no stdout")?.read_to_end(&mut out)?;
    child.stderr.take().context("no stderr")?.read_to_string(&mut told)?;
    let status = child.wait()?;
    ensure!(out.len() < 4_000_000 && out.iter().all(|byte| *byte == b'x'), "{} bytes", out.len());
    ensure!(status.code() == Some(125) && told.contains("nothing was read for 5 seconds"), "{status}: {told}");
    Ok(())
}

fn input_ends_with_the_first_client() -> Result<()> {
    let mut child = program(&["run", "--name", "eats", "-i", "hostbox", "cat"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let mut out = BufReader::new(child.stdout.take().context("no stdout")?);
    stdin.write_all(b"one\n")?;
    let mut line = String::new();
    out.read_line(&mut line)?;
    ensure!(line == "one\n");
    // A second client sees what comes from now on, and may write as well.
    let second = program(&["attach", "--no-stdin", "eats"]).stdout(Stdio::piped()).spawn()?;
    std::thread::sleep(Duration::from_millis(300));
    stdin.write_all(b"two\n")?;
    drop(stdin);
    let seen = second.wait_with_output()?;
    ensure!(seen.stdout == b"two\n" && seen.status.success(), "{}", format_output(&seen));
    ensure!(child.wait()?.success() && state("eats")? == "exited 0");
    Ok(())
}
