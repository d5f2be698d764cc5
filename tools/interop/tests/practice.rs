//! The practice section of the text that this workbook began with, verbatim, by the docker client
//! and by `coracle` itself.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};
use interop::fetched::{Docker, docker_clients};
use interop::registry::{self, Registry};
use interop::world::{Who, World};
use testkit::{Case, eventually, needs};

fn main() -> ExitCode {
    let cases: Vec<Case> = testkit::cases![
        the_practice_section_works_with_docker,
        the_practice_section_works_with_docker_and_a_rootless_daemon,
        the_practice_section_works_with_coracle,
        the_practice_section_works_with_coracle_as_an_ordinary_user,
    ];
    testkit::run(cases.into_iter().map(|case| case.with_own_cgroups().time_limit(Duration::from_secs(180))).collect())
}

/// The page of the book that shows them, too.
const PAGE: &str = include_str!("../../../book/src/08-images/practice.md");

const BUILD: &str = "docker build -t jianglong/nginx_web:v1 .";
const IMAGES: &str = "docker images";
const RUN: &str = "docker run --name nginx_web -d -p 8080:80 jianglong/nginx_web:v1";
const INFO: &str = "docker info | grep Storage";
const EXPORT: &str = "docker export $(docker create busybox) | tar -C rootfs -xvf -";

fn the_practice_section_works_with_docker() -> Result<()> {
    with_docker(Who::Caller)
}

fn the_practice_section_works_with_docker_and_a_rootless_daemon() -> Result<()> {
    with_docker(Who::UserWithIds)
}

fn the_practice_section_works_with_coracle() -> Result<()> {
    let world = world(Who::Caller, None)?;
    practice(&world, "coracle")
}

fn the_practice_section_works_with_coracle_as_an_ordinary_user() -> Result<()> {
    let world = world(Who::UserWithIds, None)?;
    practice(&world, "coracle")
}

/// With the newest client that is here, which is the one in PATH.
fn with_docker(who: Who) -> Result<()> {
    let docker = docker_clients()?.remove(0);
    let world = world(who, Some(&docker))?;
    let _daemon = world.daemon()?;
    practice(&world, "docker")
}

fn world(who: Who, docker: Option<&Docker>) -> Result<World> {
    needs::program("curl")?;
    needs::program("busybox")?;
    World::new(who, env!("CARGO_BIN_EXE_interop-coracle"), docker)
}

fn practice(world: &World, client: &str) -> Result<()> {
    // coracle does it without a daemon, and so without its address.
    let address = if client == "docker" { "" } else { "unset DOCKER_HOST; " };
    let said = |line: &str| -> Result<String> {
        ensure!(PAGE.contains(line), "not on the page: {line}");
        world.shell("nginx_web", &format!("{address}{}", line.replace("docker", client)))
    };
    let _registry = Registry::start(world)?;
    // Where there is a single id, nginx's workers are who its master is.
    let has_one_id = !nix::unistd::geteuid().is_root();
    registry::push_nginx(world, if has_one_id { "root" } else { "www-data" })?;
    world.shell("", &format!("{address}{client} pull {0}/nginx && {client} tag {0}/nginx nginx", registry::ADDRESS))?;
    world.give(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../chapters/08-images/examples/nginx_web"),
        "nginx_web",
    )?;

    let built = said(BUILD)?;
    ensure!(built.contains("Step 2/3 : COPY index.html"), "{built}");
    ensure!(built.contains("Successfully tagged jianglong/nginx_web:v1"), "{built}");
    let images = said(IMAGES)?;
    let listed = |name: &str, tag: &str| images.lines().any(|line| line.split_whitespace().take(2).eq([name, tag]));
    ensure!(listed("jianglong/nginx_web", "v1") && listed("nginx", "latest"), "{images}");
    let id = said(RUN)?;
    ensure!(id.len() == 64, "{id}");
    let page = std::fs::read_to_string(world.path("nginx_web/index.html"))?;
    eventually("nginx serves the page", || {
        let served = world.shell("", "curl --silent --fail --max-time 5 http://127.0.0.1:8080/ || true")?;
        Ok(served == page.trim_end())
    })?;
    let info = said(INFO)?;
    ensure!(info.contains("Storage Driver: overlay2") || info.contains("Storage Driver: vfs"), "{info}");
    world.shell("nginx_web", "mkdir rootfs")?;
    let unpacked = said(EXPORT)?;
    ensure!(unpacked.lines().any(|line| line == "bin/busybox"), "{unpacked}");
    let program = std::fs::read(world.path("nginx_web/rootfs/bin/busybox"))?;
    ensure!(program == std::fs::read("/bin/busybox")?, "the exported busybox is another");
    world.shell("", &format!("{address}{client} rm -f $({client} ps -aq)"))?;
    ensure!(world.shell("", "curl --silent --max-time 5 http://127.0.0.1:8080/ || echo gone")? == "gone");
    Ok(())
}
