//! The throwaway machine: boots a distribution's own kernel in QEMU on this machine's own files,
//! runs one command there as root, and is gone.
//!
//! Its program is `cargo wb vm`. [virtme-ng] does the work; this crate finds what it needs, chooses
//! KVM or plain emulation, and keeps the streams clean:
//!
//! ```text
//! caller ── virtme-run (python3) ── qemu ══ kernel ── virtme-ng-init ─ our `start` ─ command
//!    stdin, stdout, stderr: pipes ──────── virtio serial ports ────────── fifos ───────────┘
//!    exit status: a file in a directory that both sides see
//! ```
//!
//! Inside: root, all controllers of a pure cgroup v2, modules to load, `lo` only. The machine's
//! files are there at their own paths, read-only; `/tmp`, `/var/tmp`, `/run`, `/dev/shm`, `/mnt`
//! and `/var/lib` can be written, and what is written there is gone afterwards. What
//! [`Run::writable`] names is written through to the machine.
//!
//! The caller's death, by whatever signal, ends the machine: each process of the chain asks for
//! SIGKILL at its parent's death (PR_SET_PDEATHSIG, prctl(2)).
//!
//! [virtme-ng]: https://github.com/arighi/virtme-ng

mod acceleration;
mod directory;
mod guest;
mod install;
mod kernel;
mod machine;
mod missing;
mod places;
mod programs;
mod quote;
mod run;
mod streams;
mod sys;
mod user;
mod virtme;

pub use acceleration::Acceleration;
pub use install::install;
pub use kernel::Kernel;
pub use machine::{Machine, Run, Size};
pub use missing::Missing;
pub use run::TIME_IS_UP;
pub use streams::Output;
pub use user::User;
