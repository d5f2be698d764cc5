//! The Engine API as another client speaks it: Docker's SDK for Python, driven by `sdk/drive.py`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use interop::fetched;
use interop::world::{Who, World, succeeded};
use testkit::{Case, needs, run_to_end};

fn main() -> ExitCode {
    let cases: Vec<Case> = testkit::cases![
        the_sdk_sees_a_container_through_its_life,
        errors_reach_the_sdk_as_its_own_exceptions,
        the_sdk_makes_volumes_networks_and_images,
    ];
    testkit::run(cases.into_iter().map(Case::with_own_cgroups).collect())
}

fn the_sdk_sees_a_container_through_its_life() -> Result<()> {
    drive("life")
}

fn errors_reach_the_sdk_as_its_own_exceptions() -> Result<()> {
    drive("errors")
}

fn the_sdk_makes_volumes_networks_and_images() -> Result<()> {
    drive("surroundings")
}

fn drive(case: &str) -> Result<()> {
    needs::program("busybox")?;
    needs::that(Path::new("/usr/bin/python3").exists(), "the program /usr/bin/python3")?;
    let modules = fetched::file("python")?;
    let world = World::new(Who::Caller, env!("CARGO_BIN_EXE_interop-coracle"), None)?;
    let _daemon = world.daemon()?;
    // The environment is set by `env`, since a user's is made anew. -W: one of the modules that we
    // leave out is missed.
    let mut command = world.command(&format!("PYTHONPATH={}", modules.display()));
    command.args([
        "/usr/bin/python3",
        "-B",
        "-W",
        "ignore",
        concat!(env!("CARGO_MANIFEST_DIR"), "/sdk/drive.py"),
        case,
    ]);
    succeeded(case, run_to_end(command, Duration::from_secs(50))?).map(drop)
}
