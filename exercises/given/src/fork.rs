use std::fs;
use std::io::{self, Write};

use anyhow::{Context, Result, ensure};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid};

use crate::order::keep_order;
use crate::sys;

/// fork(2): from here on there are two processes, and each learns from the result which one it is.
///
/// It refuses a process with several threads: the child would have one of them, and the locks of all.
pub fn fork() -> Result<ForkResult> {
    // The threads as the kernel counts them. Where there is no /proc (any more), we trust the caller.
    let threads = fs::read_dir("/proc/self/task").map_or(1, |entries| entries.count());
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

/// Waits until `child` ends. Returns its exit code, or 128 + N where signal N killed it, as a shell does.
pub fn wait(child: Pid) -> Result<i32> {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => return Ok(code),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(128 + signal as i32),
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno).with_context(|| format!("waitpid({child})")),
        }
    }
}

/// Ends this process at once with `code`: the way out for the child of a fork, which must not run its parent's exit.
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
