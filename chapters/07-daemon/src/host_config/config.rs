//! What runs.

use anyhow::Result;
use ch06_containers::record::Config;
use serde_json::Value;

use crate::api::images::Image;

/// A list of texts, or one text, as older clients send it.
fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(words) => Some(words.iter().filter_map(|word| word.as_str().map(String::from)).collect()),
        _ => None,
    }
}

// ANCHOR: config
/// What runs: the request's words, and where it has none the image's. An entrypoint of the
/// request's takes the image's command away as well.
pub fn config(asked: &Value, image: &Image) -> Result<Config> {
    let of_image = &image.config;
    let text = |key: &str, otherwise: &str| {
        asked[key].as_str().filter(|text| !text.is_empty()).unwrap_or(otherwise).to_string()
    };
    let entrypoint = words(&asked["Entrypoint"]);
    let cmd = words(&asked["Cmd"]).filter(|words| !words.is_empty());
    // [""] is how a client says "none".
    let own_entrypoint = entrypoint.filter(|words| !words.is_empty());
    let cmd = cmd.unwrap_or_else(|| if own_entrypoint.is_some() { Vec::new() } else { of_image.cmd.clone() });
    let entrypoint = own_entrypoint.unwrap_or_else(|| of_image.entrypoint.clone());
    let mut env = of_image.env.clone();
    for entry in words(&asked["Env"]).unwrap_or_default() {
        let name = entry.split('=').next().unwrap_or_default().to_string();
        env.retain(|known| known.split('=').next() != Some(name.as_str()));
        // A name alone takes the image's variable away.
        if entry.contains('=') {
            env.push(entry);
        }
    }
    let mut labels = of_image.labels.clone();
    labels.extend(
        serde_json::from_value::<std::collections::BTreeMap<String, String>>(asked["Labels"].clone())
            .unwrap_or_default(),
    );
    let keys =
        |value: &Value| value.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect::<Vec<_>>();
    let mut exposed_ports = of_image.exposed_ports.clone();
    exposed_ports.extend(keys(&asked["ExposedPorts"]));
    exposed_ports.sort();
    exposed_ports.dedup();
    let mut volumes = of_image.volumes.clone();
    volumes.extend(keys(&asked["Volumes"]));
    volumes.sort();
    volumes.dedup();
    let flag = |key: &str| asked[key].as_bool().unwrap_or(false);
    Ok(Config {
        entrypoint: entrypoint.into_iter().filter(|word| !word.is_empty()).collect(),
        cmd,
        env,
        working_dir: text("WorkingDir", &of_image.working_dir),
        user: text("User", &of_image.user),
        hostname: text("Hostname", ""),
        labels,
        tty: flag("Tty"),
        open_stdin: flag("OpenStdin"),
        stdin_once: flag("StdinOnce"),
        stop_signal: text("StopSignal", &of_image.stop_signal),
        stop_timeout: asked["StopTimeout"].as_u64().and_then(|seconds| u32::try_from(seconds).ok()),
        exposed_ports,
        volumes,
    })
}
// ANCHOR_END: config
