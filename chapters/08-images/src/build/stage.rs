//! A stage: the image so far, and what each instruction makes of it.

mod files;
mod instructions;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use ch04_unionfs::digest::{ChainId, DiffId, Digest, chain_id};
use serde_json::{Map, Value, json};

use super::words::{expand, split};
use super::{Builder, Output, cache};
use crate::config::new_config;
use crate::layout::{Copied, Descriptor, Found, ImageStore, media_type};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The image in the making.
#[derive(Debug, Clone, Default)]
pub struct Stage {
    image: Option<Found>,
    layers: Vec<Descriptor>,
    diffs: Vec<DiffId>,
    history: Vec<Value>,
    config: Map<String, Value>,
    args: BTreeMap<String, String>,
    /// Whether CMD was said in this stage: only then it survives ENTRYPOINT.
    has_cmd: bool,
    author: Option<String>,
}

/// `NAME` or `NAME=DEFAULT`, several of them.
pub fn arguments(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Vec<(String, Option<String>)>> {
    let one = |word: String| match word.split_once('=') {
        Some((name, default)) => Ok((name.to_string(), Some(expand(default, lookup)?))),
        None => Ok((word, None)),
    };
    split(text).into_iter().map(one).collect()
}

impl Stage {
    /// On an image.
    pub fn on(image: Found) -> Stage {
        let whole = &image.config.whole;
        let mut stage = Stage {
            layers: image.manifest.layers.clone(),
            diffs: image.config.diff_ids.clone(),
            history: whole["history"].as_array().cloned().unwrap_or_default(),
            config: whole["config"].as_object().cloned().unwrap_or_default(),
            author: whole["author"].as_str().map(String::from),
            image: Some(image),
            ..Stage::default()
        };
        stage.with_path();
        stage
    }

    /// On nothing.
    pub fn on_scratch() -> Stage {
        let mut stage = Stage::default();
        stage.with_path();
        stage
    }

    /// The same as a base for another stage: its ARGs stay behind.
    pub fn as_base(&self) -> Stage {
        Stage { args: BTreeMap::new(), has_cmd: false, ..self.clone() }
    }

    /// An image without a PATH gets Docker's.
    fn with_path(&mut self) {
        if !self.env().iter().any(|entry| entry.starts_with("PATH=")) {
            self.set_env("PATH", PATH);
        }
    }

    /// A variable keeps its place among the others.
    fn set_env(&mut self, name: &str, value: &str) {
        let mut all = self.env();
        let entry = format!("{name}={value}");
        match all.iter_mut().find(|entry| entry.split('=').next() == Some(name)) {
            Some(known) => *known = entry,
            None => all.push(entry),
        }
        self.config.insert("Env".into(), json!(all));
    }

    /// The topmost layer.
    pub fn top(&self) -> Option<ChainId> {
        self.diffs.iter().fold(None, |top, diff| Some(chain_id(top.as_ref(), diff)))
    }

    /// The image's id, for people.
    pub fn short(&self) -> String {
        self.image.as_ref().map_or_else(|| "scratch".into(), |image| image.id().short())
    }

    /// Makes sure that there is an image, which a stage without any step on `scratch` has not.
    pub fn settle(&mut self, images: &ImageStore) -> Result<()> {
        if self.image.is_none() {
            self.commit(images, None)?;
        }
        Ok(())
    }

    /// The finished image.
    pub fn finish(mut self, images: &ImageStore) -> Result<Found> {
        ensure!(!self.history.is_empty(), "No image was generated. Is your Dockerfile empty?");
        self.settle(images)?;
        self.image.context("internal error: the stage has no image")
    }

    /// Labels that the command line gives.
    pub fn labels(&mut self, images: &ImageStore, labels: &BTreeMap<String, String>) -> Result<()> {
        let line = labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
        labels.iter().for_each(|(name, value)| self.set_in("Labels", name, json!(value)));
        self.note(&format!("LABEL {line}"), true);
        self.commit(images, None)
    }

    fn lookup(&self, name: &str) -> Option<String> {
        let env = self.env();
        let of_env = env.iter().rev().find_map(|entry| entry.split_once('=').filter(|(known, _)| *known == name));
        of_env.map(|(_, value)| value.to_string()).or_else(|| self.args.get(name).cloned())
    }

    /// Of all variables, as `NAME=VALUE`.
    pub fn lengths_of_variables(&self) -> Vec<usize> {
        let args = self.args.iter().map(|(name, value)| name.len() + value.len());
        self.env().iter().map(String::len).chain(args).collect()
    }

    fn env(&self) -> Vec<String> {
        self.config.get("Env").and_then(|env| serde_json::from_value(env.clone()).ok()).unwrap_or_default()
    }

    fn text(&self, key: &str) -> &str {
        self.config.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn set_in(&mut self, key: &str, name: &str, value: Value) {
        let map = self.config.entry(key).or_insert_with(|| json!({}));
        if !map.is_object() {
            *map = json!({});
        }
        map[name] = value;
    }

    fn note(&mut self, by: &str, is_empty: bool) {
        let mut entry = json!({"created": ch06_containers::now(), "created_by": by});
        if is_empty {
            entry["empty_layer"] = json!(true);
        }
        self.history.push(entry);
    }

    /// An image of what there is now; `key` is what the cache finds it by.
    fn commit(&mut self, images: &ImageStore, key: Option<&Digest>) -> Result<()> {
        let mut config =
            new_config(&ch06_containers::now(), &Value::Object(self.config.clone()), &self.diffs, &self.history);
        if let Some(author) = &self.author {
            config["author"] = json!(author);
        }
        let bytes = serde_json::to_vec(&config)?;
        self.image = Some(images.add_step(&bytes, self.layers.clone(), key)?);
        Ok(())
    }

    fn add_layer(&mut self, blob: Copied) {
        self.layers.push(Descriptor::new(media_type::LAYER, blob));
        self.diffs.push(blob.digest);
    }

    // ANCHOR: cached_or
    /// Takes what a step made before, or does it.
    fn cached_or(
        &mut self,
        builder: &Builder<'_>,
        key: &Digest,
        output: &mut Output<'_>,
        work: impl FnOnce(&mut Stage, &mut Output<'_>) -> Result<()>,
    ) -> Result<()> {
        let known = if builder.request.no_cache { None } else { cache::find(builder.images, key)? };
        match known {
            Some(image) => {
                output(" ---> Using cache\n")?;
                let (args, has_cmd) = (std::mem::take(&mut self.args), self.has_cmd);
                *self = Stage { args, has_cmd, ..Stage::on(image) };
                Ok(())
            }
            None => work(self, output),
        }
    }
    // ANCHOR_END: cached_or
}
