//! Exercise 1.3b: a PID 1 that does its job.
//!
//! PID 1 adopts every orphan of its namespace, and is spared every signal for which it has no
//! handler.
//! Read pid_namespaces(7), signal(7) and waitpid(2); check with `cargo wb check 1.3b`.
#![allow(unused_imports, unused_variables)] // until your answer uses them all

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
    todo!("start the command; reap and forward until it ends")
}
