//! Only a process with a single thread may clone: and a thread that was joined is none any more.

use anyhow::{Result, ensure};
use ch01_namespaces::{Elsewhere, work_in};
use testkit::{Case, cases};

pub fn cases() -> Vec<Case> {
    cases![a_thread_that_was_joined_is_no_hindrance, a_thread_that_runs_is_one]
}

/// The kernel says that a thread has ended before it takes it from /proc/self/task.
fn a_thread_that_was_joined_is_no_hindrance() -> Result<()> {
    for _ in 0..300 {
        std::thread::spawn(|| {}).join().expect("no panic");
        work_in(Elsewhere::default(), || Ok(((), Vec::new())))?;
    }
    Ok(())
}

fn a_thread_that_runs_is_one() -> Result<()> {
    let (end, wait) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || wait.recv());
    let refused = work_in(Elsewhere::default(), || Ok(((), Vec::new())));
    drop(end);
    let _ = thread.join();
    ensure!(refused.is_err_and(|error| error.to_string().contains("single thread")));
    Ok(())
}
