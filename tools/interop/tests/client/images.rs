//! Images: commit, tag, history, save, load, pull, rmi, build.

use std::path::Path;

use anyhow::{Result, ensure};
use interop::registry::{self, Registry};
use testkit::{Case, cases, needs};

use crate::with_each_client;

pub fn cases() -> Vec<Case> {
    cases![
        a_committed_image_is_tagged_saved_removed_and_loaded,
        an_image_is_pulled_from_a_registry_when_it_is_run,
        a_failed_build_names_the_step_and_its_status,
    ]
}

fn a_committed_image_is_tagged_saved_removed_and_loaded() -> Result<()> {
    with_each_client(|world| {
        world.docker(&["run", "--name", "cc", "busybox", "sh", "-c", "echo kept >/kept"])?;
        let id = world.docker(&["commit", "-m", "with a file", "cc", "mine:1"])?;
        ensure!(id.starts_with("sha256:"), "{id}");
        world.docker(&["rm", "cc"])?;
        ensure!(world.docker(&["run", "--rm", "mine:1", "cat", "/kept"])? == "kept");
        world.docker(&["tag", "mine:1", "also/mine:2"])?;
        let listed = world.docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"])?;
        ensure!(listed.contains("mine:1") && listed.contains("also/mine:2"), "{listed}");
        ensure!(world.docker(&["history", "mine:1"])?.contains("with a file"));
        world.docker(&["save", "-o", "saved.tar", "mine:1"])?;
        ensure!(world.docker(&["rmi", "mine:1"])? == "Untagged: mine:1");
        let removed = world.docker(&["rmi", "also/mine:2"])?;
        ensure!(removed.contains("Untagged: also/mine:2") && removed.contains(&format!("Deleted: {id}")), "{removed}");
        let output = world.try_docker(&["run", "--rm", "--pull", "never", "mine:1"])?;
        ensure!(output.status.code() == Some(125), "{output:?}");
        ensure!(world.docker(&["load", "-i", "saved.tar"])?.contains("Loaded image: mine:1"));
        ensure!(world.docker(&["inspect", "-f", "{{.Id}}", "mine:1"])? == id, "another image was loaded");
        ensure!(world.docker(&["run", "--rm", "mine:1", "cat", "/kept"])? == "kept");
        world.docker(&["rmi", "mine:1"])?;
        Ok(())
    })
}

fn an_image_is_pulled_from_a_registry_when_it_is_run() -> Result<()> {
    needs::program("skopeo")?;
    with_each_client(|world| {
        let _registry = Registry::start(world)?;
        world.docker(&["save", "-o", "busybox.tar", "busybox"])?;
        let push = "skopeo --insecure-policy copy --dest-tls-verify=false";
        world.shell("", &format!("{push} docker-archive:busybox.tar docker://{}/pulled:1", registry::ADDRESS))?;
        let name = format!("{}/pulled:1", registry::ADDRESS);
        let output = world.try_docker(&["run", "--rm", &name, "echo", "from a registry"])?;
        ensure!(output.stdout == "from a registry\n", "{output:?}");
        ensure!(output.stderr.contains("Unable to find image"), "{output:?}");
        ensure!(world.docker(&["pull", &name])?.contains("Image is up to date"));
        let stderr = world.docker_fails(&["pull", &format!("{}/none:1", registry::ADDRESS)])?;
        ensure!(stderr.contains("not found"), "{stderr}");
        world.docker(&["rmi", &name])?;
        Ok(())
    })
}

fn a_failed_build_names_the_step_and_its_status() -> Result<()> {
    with_each_client(|world| {
        let directory = world.path("failing");
        std::fs::create_dir_all(&directory)?;
        std::fs::write(Path::new(&directory).join("Dockerfile"), "FROM busybox\nRUN echo before && exit 42\n")?;
        let output = world.try_docker(&["build", "failing"])?;
        ensure!(output.status.code() == Some(42), "{output:?}");
        ensure!(output.stdout.contains("Step 2/2") && output.stdout.contains("before"), "{output:?}");
        ensure!(output.stderr.contains("returned a non-zero code: 42"), "{output:?}");
        Ok(())
    })
}
