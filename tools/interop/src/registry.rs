//! A registry of the lab's own, and the image in it: Debian's nginx.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::Result;
use testkit::{eventually, needs};

use crate::fetched;
use crate::world::World;

/// Where it serves.
pub const ADDRESS: &str = "localhost:5000";

/// A registry, which ends with this value.
pub struct Registry(Child);

impl Registry {
    /// Starts Debian's docker-registry.
    pub fn start(world: &World) -> Result<Registry> {
        let program = fetched::program("docker-registry")?;
        let storage = world.path("run/registry");
        let settings = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: {ADDRESS}}}\n",
            storage.display()
        );
        fs::write("/tmp/registry.yml", settings)?;
        let mut command = world.command(&program.to_string_lossy());
        command.args(["serve", "/tmp/registry.yml"]).stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Registry(command.spawn()?);
        eventually("the registry listens", || Ok(std::net::TcpStream::connect(ADDRESS).is_ok()))?;
        Ok(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Makes an image of nginx by our own `build`, and has skopeo push what `save` wrote as
/// `localhost:5000/nginx:latest`. Afterwards nothing of it is in the store.
pub fn push_nginx(world: &World, workers: &str) -> Result<()> {
    let archive = fetched::file("nginx.tar")?;
    needs::program("skopeo")?;
    world.give(&Path::new(env!("CARGO_MANIFEST_DIR")).join("nginx"), "nginx")?;
    fs::copy(&archive, world.path("nginx/nginx.tar"))?;
    world
        .shell("nginx", &format!("env -u DOCKER_HOST coracle build -q --build-arg WORKERS={workers} -t made-here ."))?;
    world.shell("", "env -u DOCKER_HOST coracle save -o nginx.archive made-here")?;
    let push = "skopeo --insecure-policy copy --dest-tls-verify=false";
    world.shell("", &format!("{push} docker-archive:nginx.archive docker://{ADDRESS}/nginx:latest"))?;
    world.shell("", "env -u DOCKER_HOST coracle rmi made-here && rm nginx.archive")?;
    Ok(())
}
