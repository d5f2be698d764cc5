//! Exercise 1.3b: a PID 1 that does its job.
//!
//! PID 1 adopts every orphan of its namespace, and is spared every signal for which it has no
//! handler.
//! Read pid_namespaces(7), signal(7) and waitpid(2); check with `cargo wb check 1.3b`.

use std::ffi::OsString;

use anyhow::{Context, Result};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{ForkResult, Pid};

/// Starts `command` (a program and its arguments) as a child, and until it ends does what a PID 1
/// has to do: reaps orphans, and sends on to the command what signals it gets.
///
/// Returns the command's exit code: its own, 128 + N if signal N killed it, 127 if it isn't there.
/// What else still runs then is nobody's business: it dies with PID 1.
///
/// Given are
/// - `given::fork() -> Result<ForkResult>`;
/// - `given::exec(command: &[OsString]) -> Result<Infallible>`, which becomes the command and
///   returns only to say why not;
/// - `given::exit_code_for_error(error: &anyhow::Error) -> u8`, 127 when it wasn't there;
/// - `given::reap() -> Result<Option<(Pid, i32)>>`, waitpid(2) for any child, without waiting: one
///   that has ended, and its exit code, 128 + N if signal N killed it (nix's own `waitpid` loses
///   the child that a real-time signal killed);
/// - `given::exit(code: i32) -> !`.
pub fn run_as_init(command: &[OsString]) -> Result<i32> {
    // wb:answer
    let signals: SigSet = FORWARDED.into_iter().chain([Signal::SIGCHLD]).collect();
    // Blocked, they wait for us, and even a PID 1 gets them. Before the fork, or one that comes
    // right after it is lost.
    signals.thread_block().context("blocking the signals to wait for")?;
    let child = match given::fork()? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let Err(error) = given::exec(command);
            eprintln!("{error:#}");
            given::exit(given::exit_code_for_error(&error).into())
        }
    };
    loop {
        match signals.wait().context("waiting for a signal")? {
            Signal::SIGCHLD => {
                if let Some(code) = reap(child)? {
                    return Ok(code);
                }
            }
            // The command may have ended a moment ago; then SIGCHLD is on its way.
            signal => drop(kill(child, signal)),
        }
    }
    // wb:starter
    // todo!("start the command; reap and forward until it ends")
    // wb:end
}

// wb:answer
const FORWARDED: [Signal; 8] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGCONT,
    Signal::SIGWINCH,
];

/// Takes away every child that has ended: several may share one SIGCHLD. The exit code, if the
/// command was among them.
fn reap(command: Pid) -> Result<Option<i32>> {
    let mut code = None;
    while let Some((pid, own)) = given::reap()? {
        if pid == command {
            code = Some(own);
        }
    }
    Ok(code)
}
// wb:end
