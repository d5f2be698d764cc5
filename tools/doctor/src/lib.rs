//! Does this machine let one make containers? Doctor finds out by doing it, in a child that leaves
//! nothing behind, and knows the cure.
//!
//! Asking a file under /proc/sys isn't enough: Ubuntu 24.04 lets the clone succeed and refuses what
//! comes after, a container's seccomp filter shows nowhere, and a sandbox around all of it may do
//! either.
//!
//! ```
//! let report = doctor::examine();
//! if let doctor::Verdict::Ready = report.verdict() {
//!     println!("containers can be made here");
//! } else {
//!     println!("{}\n{}", report.verdict(), report.advice());
//! }
//! ```

mod advice;
mod cgroups;
mod errno;
mod machine;
mod paragraph;
mod probe;
mod step;
mod sys;
mod verdict;

pub use advice::{Advice, Cure, Who, advice};
pub use cgroups::{CgroupLayout, CgroupLimits};
pub use errno::errno_in;
pub use machine::{Machine, SubordinateIds};
pub use paragraph::{WIDTH, paragraph};
pub use probe::{Report, examine};
pub use step::{Check, Outcome, Step};
pub use verdict::{Verdict, verdict};
