//! What an image says about its containers (OCI image-spec, config.md).

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use ch04_unionfs::digest::{ChainId, DiffId, Digest, chain_id};
use ch06_containers::engine::NewContainer;
use ch06_containers::record::Config;
use ch07_daemon::api::images::Image;
use serde_json::{Value, json};

use crate::layout::Found;

/// A configuration: the parts that are used, and the whole, which is kept as it came.
#[derive(Debug, Clone, Default)]
pub struct ImageConfig {
    /// When it was made.
    pub created: String,
    /// Digests of the layers' archives, not compressed, lowest first.
    pub diff_ids: Vec<DiffId>,
    /// Everything.
    pub whole: Value,
}

impl ImageConfig {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<ImageConfig> {
        let whole: Value = serde_json::from_slice(bytes).context("the image's configuration is not JSON")?;
        let diff_ids: Vec<Digest> = serde_json::from_value(whole["rootfs"]["diff_ids"].clone())
            .context("the image's configuration has no list of layers (rootfs.diff_ids)")?;
        ensure!(diff_ids.len() <= 127, "the image has {} layers; 127 can be united", diff_ids.len());
        let created = whole["created"].as_str().unwrap_or_default().to_string();
        Ok(ImageConfig { created, diff_ids, whole })
    }

    /// The topmost layer, with all below it.
    pub fn top(&self) -> Option<ChainId> {
        self.diff_ids.iter().fold(None, |top, diff| Some(chain_id(top.as_ref(), diff)))
    }

    /// Whether this machine can run it.
    pub fn check_platform(&self) -> Result<()> {
        let (os, architecture) = (self.whole["os"].as_str(), self.whole["architecture"].as_str());
        let is_ours =
            os.is_none_or(|os| os == "linux") && architecture.is_none_or(|found| found == architecture_here());
        ensure!(
            is_ours,
            "the image is for {}/{}, and this machine is linux/{}",
            os.unwrap_or("?"),
            architecture.unwrap_or("?"),
            architecture_here()
        );
        Ok(())
    }

    /// What a container of it runs, if nobody says anything else.
    pub fn container(&self) -> Config {
        let config = &self.whole["config"];
        let words = |key: &str| -> Vec<String> { serde_json::from_value(config[key].clone()).unwrap_or_default() };
        let keys = |key: &str| config[key].as_object().into_iter().flat_map(|map| map.keys().cloned()).collect();
        let text = |key: &str| config[key].as_str().unwrap_or_default().to_string();
        Config {
            entrypoint: words("Entrypoint"),
            cmd: words("Cmd"),
            // A name alone would mean a variable of the process that makes the container.
            env: words("Env").into_iter().filter(|entry| entry.contains('=')).collect(),
            working_dir: text("WorkingDir"),
            user: text("User"),
            labels: serde_json::from_value::<BTreeMap<String, String>>(config["Labels"].clone()).unwrap_or_default(),
            stop_signal: text("StopSignal"),
            exposed_ports: keys("ExposedPorts"),
            volumes: keys("Volumes"),
            ..Config::default()
        }
    }
}

/// A configuration for an image that is made here.
pub fn new_config(created: &str, config: &Value, diff_ids: &[DiffId], history: &[Value]) -> Value {
    json!({
        "created": created,
        "architecture": architecture_here(),
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    })
}

/// This machine's, in Go's words, which are the specification's.
pub fn architecture_here() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

/// Chapter 7's view of an image.
pub fn as_image(found: &Found) -> Image {
    Image { layer: found.layer(), id: Some(found.id().to_string()), config: found.config.container() }
}

// ANCHOR: on_image
/// A request of the command line's, on an image: what the request doesn't say, the image says.
pub fn on_image(mut new: NewContainer, found: &Found) -> NewContainer {
    let image = found.config.container();
    new.layer = found.layer();
    new.image_id = Some(found.id().to_string());
    let config = &mut new.config;
    if config.entrypoint.is_empty() {
        config.entrypoint = image.entrypoint;
        if config.cmd.is_empty() {
            config.cmd = image.cmd;
        }
    }
    let said: Vec<String> = config.env.iter().map(|entry| entry.split('=').next().unwrap_or_default().into()).collect();
    let of_image = image.env.into_iter().filter(|entry| !said.iter().any(|name| entry.split('=').next() == Some(name)));
    let of_image: Vec<String> = of_image.collect();
    new.flags.splice(0..0, of_image.iter().map(|entry| format!("--env={entry}")));
    config.env.splice(0..0, of_image);
    if config.working_dir.is_empty() && !image.working_dir.is_empty() {
        new.flags.push(format!("--workdir={}", image.working_dir));
        config.working_dir = image.working_dir;
    }
    if config.user.is_empty() {
        config.user = image.user;
    }
    if config.stop_signal.is_empty() {
        config.stop_signal = image.stop_signal;
    }
    if new.publish_all {
        new.flags.extend(image.exposed_ports.iter().map(|port| format!("--publish=0.0.0.0:0:{port}")));
    }
    config.exposed_ports = image.exposed_ports;
    config.volumes = image.volumes;
    for (name, value) in image.labels {
        config.labels.entry(name).or_insert(value);
    }
    new
}
// ANCHOR_END: on_image
