//! Volumes.

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::with_each_client;

pub fn cases() -> Vec<Case> {
    cases![a_volume_outlives_its_containers]
}

fn a_volume_outlives_its_containers() -> Result<()> {
    with_each_client(|world| {
        ensure!(world.docker(&["volume", "create", "hold"])? == "hold");
        world.docker(&["run", "--rm", "-v", "hold:/data", "busybox", "sh", "-c", "echo cargo >/data/f"])?;
        ensure!(world.docker(&["run", "--rm", "-v", "hold:/elsewhere", "busybox", "cat", "/elsewhere/f"])? == "cargo");
        ensure!(world.docker(&["volume", "ls", "-q"])? == "hold");
        let mountpoint = world.docker(&["volume", "inspect", "-f", "{{.Mountpoint}}", "hold"])?;
        ensure!(std::fs::read_to_string(std::path::Path::new(&mountpoint).join("f"))? == "cargo\n", "{mountpoint}");
        world.docker(&["create", "--name", "user", "-v", "hold:/data", "busybox"])?;
        let stderr = world.docker_fails(&["volume", "rm", "hold"])?;
        ensure!(stderr.contains("in use"), "{stderr}");
        world.docker(&["rm", "user"])?;
        ensure!(world.docker(&["volume", "rm", "hold"])? == "hold");
        ensure!(world.docker(&["volume", "ls", "-q"])?.is_empty());
        Ok(())
    })
}
