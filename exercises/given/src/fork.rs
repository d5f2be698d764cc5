use std::fs;
use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, Pid};

use crate::order::keep_order;
use crate::sys;

/// fork(2): from here on there are two processes, and each learns from the result which one it is.
///
/// It refuses a process with several threads: the child would have one of them, and the locks of
/// all.
pub fn fork() -> Result<ForkResult> {
    let threads = count_threads();
    ensure!(threads <= 1, "fork: this process has {threads} threads; fork before you start any");

    // What is buffered now would be printed twice, once by each process.
    io::stdout().flush().context("fork: flushing stdout first")?;
    // A caller that ignores SIGCHLD (`trap '' CHLD`) would make our wait fail with ECHILD.
    sys::default_action(Signal::SIGCHLD).context("fork: SIGCHLD back to its default")?;
    let fork = sys::fork_single_threaded()
        .context("fork(2): no new process (a limit on processes, or the PID namespace is dead)")?;
    keep_order(fork);
    Ok(fork)
}

/// How long a thread that has been joined may still be listed.
const THREADS_END: Duration = Duration::from_secs(1);

/// The threads as the kernel counts them. Where there is no /proc (any more), we trust the caller.
///
/// A thread that has been joined may still be listed: the kernel says that it has ended a moment
/// before it takes it from that list. So a second thread is given that moment.
fn count_threads() -> usize {
    let end = Instant::now() + THREADS_END;
    loop {
        let threads = fs::read_dir("/proc/self/task").map_or(1, |entries| entries.count());
        if threads <= 1 || Instant::now() >= end {
            return threads;
        }
        thread::sleep(Duration::from_micros(200));
    }
}

/// Waits until `child` ends. Returns its exit code, or 128 + N where signal N killed it, as a shell
/// does.
pub fn wait(child: Pid) -> Result<i32> {
    loop {
        match sys::wait(child, 0) {
            Ok(Some((_, code))) => return Ok(code),
            Ok(None) | Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno).with_context(|| format!("waitpid({child})")),
        }
    }
}

/// Takes away one child that has ended, without waiting for one: its number, and its exit code, or
/// 128 + N where signal N killed it. `None` when none has ended (by now), or there is none.
///
/// This is `waitpid(None, Some(WaitPidFlag::WNOHANG))` also for signals that have no name in nix:
/// SIGRTMIN to SIGRTMAX.
pub fn reap() -> Result<Option<(Pid, i32)>> {
    loop {
        match sys::wait(Pid::from_raw(-1), libc::WNOHANG) {
            Err(Errno::EINTR) => continue,
            Err(Errno::ECHILD) => return Ok(None),
            ended => return ended.context("waitpid(-1, WNOHANG)"),
        }
    }
}

/// Ends this process at once with `code`: the way out for the child of a fork, which must not run
/// its parent's exit.
pub fn exit(code: i32) -> ! {
    sys::exit_now(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threaded_process_is_refused() {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || held.recv());
        let refused = fork().expect_err("two threads at least: this test's and the one above").to_string();
        drop(hold);
        let _ = thread.join();
        assert!(refused.contains("threads"), "{refused}");
    }
}
