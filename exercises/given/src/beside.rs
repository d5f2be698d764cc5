use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{ForkResult, Pid, getpid, getppid};

/// Does `work` in a child, which may have threads, beside whatever this process does. It ends with
/// this process, however that one ends, and hears no signal before: what is typed at the terminal
/// is for the container.
pub fn beside(work: impl FnOnce() -> Result<()>) -> Result<Pid> {
    let ourselves = getpid();
    match crate::fork()? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let worked = catch_unwind(AssertUnwindSafe(|| {
                SigSet::all().thread_block().context("blocking the signals")?;
                set_pdeathsig(Signal::SIGKILL).context("prctl(PR_SET_PDEATHSIG)")?;
                // It may have ended before that took effect.
                if getppid() == ourselves { work() } else { Ok(()) }
            }));
            if let Ok(Err(error)) = &worked {
                eprintln!("mydocker: {error:#}");
            }
            crate::exit(if matches!(worked, Ok(Ok(()))) { 0 } else { 125 })
        }
    }
}

/// Ends a process that [`beside`] has made. What it had open is closed afterwards.
pub fn end(process: Pid) -> Result<()> {
    // Its number is ours until we have waited.
    match kill(process, Signal::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => crate::wait(process).map(drop),
        Err(errno) => Err(errno).with_context(|| format!("kill({process}, SIGKILL)")),
    }
}
