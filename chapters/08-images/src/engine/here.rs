//! The store of this machine, in this process.

use std::io::Write;

use anyhow::Result;
use ch01_namespaces::StoreFlags;
use ch04_unionfs::archive::decompress;
use ch06_containers::engine::Local;
use serde_json::Value;

use super::{Files, Gone, Images, Input, Listed, Step};
use crate::build::{Context, Output, Request, build};
use crate::layout::{Found, ImageStore, Removed};
use crate::transfer::{self, Progress, credentials};
use crate::verbs::{open_to_write, pull_telling};
use crate::{Reference, api, builtin};

/// This machine's images.
pub struct Here<'a>(pub &'a StoreFlags);

impl Here<'_> {
    fn open(&self) -> Result<ImageStore> {
        ImageStore::open(self.0)
    }
}

impl From<Removed> for Gone {
    fn from(removed: Removed) -> Gone {
        Gone {
            untagged: removed.untagged.iter().map(Reference::familiar).collect(),
            deleted: removed.deleted.iter().map(ToString::to_string).collect(),
        }
    }
}

/// What is said about an image that was loaded.
pub fn loaded(found: &Found) -> String {
    match found.names.first() {
        Some(name) => format!("Loaded image: {}", name.familiar()),
        None => format!("Loaded image ID: {}", found.id()),
    }
}

/// The steps of an image, newest first.
pub fn steps(found: &Found) -> Vec<Step> {
    let mut layers = found.manifest.layers.iter();
    let entries = found.config.whole["history"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let step = |entry: &Value| Step {
        created: text(&entry["created"]),
        by: text(&entry["created_by"]),
        comment: text(&entry["comment"]),
        size: if entry["empty_layer"] == true { 0 } else { layers.next().map_or(0, |layer| layer.size) },
    };
    let mut steps: Vec<Step> = entries.iter().map(step).collect();
    steps.reverse();
    steps
}

impl Images for Here<'_> {
    fn list(&self) -> Result<Vec<Listed>> {
        let listed = |image: Found| Listed {
            id: image.id().to_string(),
            size: image.size(),
            names: shown(image.names),
            created: image.config.created,
        };
        Ok(self.open()?.all()?.into_iter().map(listed).collect())
    }

    fn history(&self, name: &str) -> Result<Vec<Step>> {
        Ok(steps(&builtin::find(&self.open()?, name)?))
    }

    fn details(&self, name: &str) -> Result<Value> {
        api::details(&self.open()?, name)
    }

    fn tag(&self, name: &str, new: &Reference) -> Result<()> {
        let images = open_to_write(self.0)?;
        images.tag(&builtin::find(&images, name)?, new)
    }

    fn remove(&self, name: &str, force: bool) -> Result<Gone> {
        let images = open_to_write(self.0)?;
        images.remove(name, force, &api::users(&Local::open(self.0)?)).map(Gone::from)
    }

    fn prune(&self, steps: bool) -> Result<Gone> {
        let images = open_to_write(self.0)?;
        images.prune(steps, &api::users(&Local::open(self.0)?)).map(Gone::from)
    }

    fn pull(&self, name: &Reference, progress: &mut Progress<'_>) -> Result<()> {
        transfer::pull(&open_to_write(self.0)?, name, credentials(&name.domain)?, progress).map(drop)
    }

    fn load(&self, archive: Input) -> Result<Vec<String>> {
        let found = transfer::load(&open_to_write(self.0)?, decompress(archive)?)?;
        Ok(found.iter().map(loaded).collect())
    }

    fn save(&self, names: &[String], out: &mut dyn Write) -> Result<()> {
        transfer::save(&open_to_write(self.0)?, names, out)
    }

    fn import(&self, archive: Input, name: Option<&Reference>) -> Result<String> {
        Ok(transfer::import(&open_to_write(self.0)?, archive, None, name)?.id().to_string())
    }

    fn build(&self, files: Files, request: &Request, quiet: bool, output: &mut Output<'_>) -> Result<String> {
        let images = open_to_write(self.0)?;
        let engine = Local::open(self.0)?;
        let context = match files {
            Files::Directory(context) => context,
            Files::Archive(archive) => Context::of_archive(archive, images.layers().data_root())?,
        };
        let pull = |name: &Reference| pull_telling(&images, name, quiet);
        Ok(build(&engine, &images, &pull, &context, request, output)?.id().to_string())
    }
}

/// Names without those by digest, of repositories that have a tag: as `docker images` lists them.
pub fn shown(names: Vec<Reference>) -> Vec<Reference> {
    let has_tag = |name: &Reference| {
        names.iter().any(|other| other.tag.is_some() && other.domain == name.domain && other.path == name.path)
    };
    names.iter().filter(|name| name.tag.is_some() || !has_tag(name)).cloned().collect()
}
