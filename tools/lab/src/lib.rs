//! The lab: a fake host of fresh namespaces, in which bridges, mounts, host names and runaway
//! processes vanish by themselves, and [`look`]: eyes that read the kernel's state from outside.
//!
//! A lab is entered by starting this same program again, because the kernel demands it:
//! `unshare(CLONE_NEWUSER)` gives EINVAL in a threaded process (user_namespaces(7)), and every test
//! harness is threaded. The fresh process turns off in [`enter_if_asked`] and becomes the lab's
//! *outer stage*:
//!
//! ```text
//! launcher ── outer stage (your child: its exit status is the program's)
//!              └─ the lab's PID 1, "lab" (reaps; its death is the end of everything in the lab)
//!                   └─ the program
//! ```
//!
//! In a lab: fresh user (unless root), mount, PID, network, IPC, UTS and cgroup namespaces; host
//! name `lab`; everything read-only but `/tmp`, `/var/tmp`, `/run` and `/dev/shm`, which are empty
//! and private; a `/proc` of its own; a `/dev` without disks; only `lo`. Cgroups are of the
//! machine: a lab has some of its own where it asks for them ([`Lab::own_cgroups`]) or for
//! [`Limits`], and they are removed with it: by the outer stage, by a keeper process when that one
//! was killed, by the next lab when both were.
//!
//! What it can't contain is true root, who can undo what root did (remount a file system, load a
//! module): as root a lab protects against accidents, not against malice.

mod ask;
mod devices;
mod exec;
mod hierarchies;
mod identity;
mod init;
mod keeper;
mod kept;
mod launcher;
mod leftovers;
mod limits;
mod link;
mod mounts;
mod namespaces;
mod outer;
mod own_proc;
mod refusal;
mod request;
mod room;
mod status;
mod subtree;
mod sys;
mod terminal;

pub mod observe;

pub use ask::{Lab, enter_if_asked};
pub use limits::Limits;
pub use status::{CANNOT_ENTER, TIME_IS_UP};
