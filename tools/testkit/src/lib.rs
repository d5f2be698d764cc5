//! The harness for tests that need a machine of their own: each case runs in a fresh
//! single-threaded process in a [lab], in parallel with the others, and is killed at its time
//! limit.
//!
//! A test target with `harness = false` reads:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     testkit::run(testkit::cases![a_file_in_tmp_is_the_labs_own])
//! }
//!
//! fn a_file_in_tmp_is_the_labs_own() -> anyhow::Result<()> {
//!     std::fs::write("/tmp/x", "")?;
//!     anyhow::ensure!(std::fs::exists("/tmp/x")?);
//!     Ok(())
//! }
//! ```
//!
//! `cargo test NAME`, `-- --list`, `--exact`, `--nocapture` and nextest work as with ordinary
//! tests. In a case, `/tmp`, `/run` and the network are its own and empty, everything else is
//! read-only.
//!
//! A case that can't run on this machine says so by returning what [`needs`] gives: that is printed
//! as `SKIP package::target::name: needs …` on stderr, and appended to the file that the
//! environment variable `CORACLE_SKIPS` names, so that CI can compare it with the skips it expects.
//! With `CORACLE_UNSTABLE=FILE` a case that fails is run once more, and noted in that file if it
//! passes then.

mod capture;
mod case;
mod harness;
mod inside;
mod narrated;
mod patience;
mod process;
mod rest;
mod skip;
mod sys;

pub mod needs;
pub mod refusing;
pub mod totals;

pub use case::Case;
pub use harness::run;
pub use narrated::Narrated;
pub use patience::{eventually, eventually_within, patiently};
pub use process::{Output, run_to_end};
pub use rest::expect_rest;
pub use sys::die_at_next_removal_in;

/// Cases that run as the one who calls `cargo test`: an ordinary user stays one.
#[macro_export]
macro_rules! cases {
    ($($case:path),* $(,)?) => {
        vec![$($crate::Case::new(
            concat!(env!("CARGO_PKG_NAME"), "::", env!("CARGO_CRATE_NAME")),
            stringify!($case),
            $case,
        )),*]
    };
}

/// Cases that run as root of their lab; for an ordinary user that is uid 0 of a user namespace.
#[macro_export]
macro_rules! root_cases {
    ($($case:path),* $(,)?) => {
        vec![$($crate::Case::new(
            concat!(env!("CARGO_PKG_NAME"), "::", env!("CARGO_CRATE_NAME")),
            stringify!($case),
            $case,
        ).as_root()),*]
    };
}
