//! The Engine API as a client in Rust speaks it: `bollard`, driven by the program in `bollard/`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use interop::fetched;
use interop::world::{Who, World, succeeded};
use testkit::{Case, needs, run_to_end};

fn main() -> ExitCode {
    let cases: Vec<Case> = testkit::cases![bollard_sees_a_container_through_its_life];
    testkit::run(cases.into_iter().map(Case::with_own_cgroups).collect())
}

fn bollard_sees_a_container_through_its_life() -> Result<()> {
    needs::program("busybox")?;
    let driver = fetched::file("drive-bollard")?;
    let world = World::new(Who::Caller, env!("CARGO_BIN_EXE_interop-coracle"), None)?;
    let _daemon = world.daemon()?;
    let command = world.command(&driver.to_string_lossy());
    succeeded("bollard", run_to_end(command, Duration::from_secs(50))?).map(drop)
}
