//! A registry of the lab's own, and the image in it: Debian's nginx.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Child;

use anyhow::Result;
use serde_json::json;
use testkit::{eventually, needs};

use crate::authority::Certificate;
use crate::fetched;
use crate::world::World;

/// Where it serves.
pub const ADDRESS: &str = "localhost:5000";

/// A registry, which ends with this value.
pub struct Registry(Child);

/// How a registry is reached.
#[derive(Default)]
pub struct Settings {
    /// The port on 127.0.0.1; 5000 without one.
    pub port: Option<u16>,
    /// Its certificate and key; plain HTTP without them.
    pub certificate: Option<Certificate>,
    /// Whom it lets in; everybody without that.
    pub password_file: Option<PathBuf>,
}

impl Registry {
    /// Starts Debian's docker-registry: plain HTTP, open to everybody.
    pub fn start(world: &World) -> Result<Registry> {
        Registry::start_with(world, &Settings::default())
    }

    /// Starts one with these settings.
    pub fn start_with(world: &World, settings: &Settings) -> Result<Registry> {
        let program = fetched::program("docker-registry")?;
        let port = settings.port.unwrap_or(5000);
        let storage = world.path(&format!("run/registry-{port}"));
        let mut http = json!({"addr": format!("localhost:{port}")});
        if let Some(Certificate { certificate, key }) = &settings.certificate {
            http["tls"] = json!({"certificate": certificate, "key": key});
        }
        let mut text = json!({
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": storage}},
            "http": http,
        });
        if let Some(file) = &settings.password_file {
            text["auth"] = json!({"htpasswd": {"realm": "the lab", "path": file}});
        }
        // Every JSON text is YAML.
        let file = format!("/tmp/registry-{port}.yml");
        fs::write(&file, text.to_string())?;
        let mut command = world.command(&program.to_string_lossy());
        let log = File::create(world.path(&format!("registry-{port}.log")))?;
        command.args(["serve", &file]).stdout(log.try_clone()?).stderr(log);
        let mut registry = Registry(command.spawn()?);
        eventually("the registry listens", || {
            if let Some(status) = registry.0.try_wait()? {
                anyhow::bail!(
                    "docker-registry ended: {status}: {}",
                    fs::read_to_string(world.path(&format!("registry-{port}.log")))?
                );
            }
            Ok(TcpStream::connect(("localhost", port)).is_ok())
        })?;
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
