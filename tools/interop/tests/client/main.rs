//! The docker command line drives the daemon: each case with every client that is here, the
//! newest as well as the distribution's.
//!
//! As root the daemon is root's, and as an ordinary user it is a rootless one.

mod images;
mod life;
mod looking;
mod networks;
mod running;
mod terminals;
mod volumes;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use interop::fetched::docker_clients;
use interop::world::{Daemon, Who, World};
use testkit::{Case, needs};

fn main() -> ExitCode {
    let cases: Vec<Case> = [
        running::cases(),
        terminals::cases(),
        life::cases(),
        looking::cases(),
        networks::cases(),
        volumes::cases(),
        images::cases(),
    ]
    .concat();
    testkit::run(cases.into_iter().map(|case| case.with_own_cgroups().time_limit(Duration::from_secs(120))).collect())
}

/// Starts a daemon, and gives the world to `body` once for each client.
fn with_each_client(body: impl Fn(&World) -> Result<()>) -> Result<()> {
    needs::program("busybox")?;
    let clients = docker_clients()?;
    let world = World::new(Who::Caller, env!("CARGO_BIN_EXE_interop-coracle"), None)?;
    let daemon: Daemon = world.daemon()?;
    for client in &clients {
        world.choose(client)?;
        let log = || std::fs::read_to_string(world.path("daemon.log")).unwrap_or_default();
        body(&world).with_context(|| format!("docker {}", client.version)).inspect_err(|_| eprintln!("{}", log()))?;
    }
    drop(daemon);
    Ok(())
}
