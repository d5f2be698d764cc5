//! `images`, `tag`, `rmi`, `history`.

use anyhow::Result;
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{StoreFlags, Verb, say};
use ch06_containers::engine::Local;
use clap::Args;
use serde_json::{Value, json};

use super::{Format, open_to_write};
use crate::layout::{Found, ImageStore};
use crate::{Reference, api, builtin};

/// List images: name, tag, id, age, and size of the layers as stored.
#[derive(Args)]
pub struct Images {
    /// `json`: objects with id, names, created, size (bytes), layers.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print only ids.
    #[arg(short, long)]
    quiet: bool,
    /// Show only images of this repository, which may be a pattern.
    name: Option<String>,
}

impl Verb for Images {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let mut all = ImageStore::open(store)?.all()?;
        if let Some(asked) = &self.name {
            let fits = |name: &Reference| crate::build::matches(asked, &name.repository()) || name.familiar() == *asked;
            all.retain(|image| image.names.iter().any(fits));
        }
        match (self.quiet, self.format) {
            (true, _) => all.iter().for_each(|image| println!("{}", image.id().short())),
            (_, Format::Json) => {
                println!("{}", serde_json::to_string_pretty(&all.iter().map(as_json).collect::<Vec<_>>())?)
            }
            (_, Format::Table) => table(&all),
        }
        Ok(0)
    }
}

fn as_json(image: &Found) -> Value {
    json!({
        "id": image.id(),
        "names": image.names.iter().map(Reference::familiar).collect::<Vec<_>>(),
        "created": image.config.created,
        "size": image.size(),
        "layers": image.config.diff_ids,
    })
}

fn table(all: &[Found]) {
    let mut rows = vec![["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"].map(String::from)];
    for image in all {
        let about = |name: Option<&Reference>| {
            let none = || "<none>".to_string();
            [
                name.map_or_else(none, Reference::repository),
                name.and_then(|name| name.tag.clone()).unwrap_or_else(none),
                image.id().short(),
                format!("{} ago", ch06_containers::ago(&image.config.created)),
                format!("{:.1}MB", image.size() as f64 / 1e6),
            ]
        };
        match image.names.is_empty() {
            true => rows.push(about(None)),
            false => rows.extend(image.names.iter().map(|name| about(Some(name)))),
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..4).map(width).collect();
    for row in &rows {
        let cells = row[..4].iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}   "));
        println!("{}{}", cells.collect::<String>(), row[4]);
    }
}

/// Give an image a further name.
#[derive(Args)]
pub struct Tag {
    /// The image: a name, an id, or the beginning of an id.
    image: String,
    /// The new name.
    name: Reference,
}

impl Verb for Tag {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        let images = open_to_write(store)?;
        images.tag(&builtin::find(&images, &self.image)?, &self.name)?;
        Ok(0)
    }
}

/// Remove names of images, and images without a name. Images that a container uses stay.
#[derive(Args)]
pub struct Rmi {
    /// With an id: remove all names of the image.
    #[arg(short, long)]
    force: bool,
    /// Images: names, ids, or beginnings of ids.
    #[arg(required = true)]
    images: Vec<String>,
}

impl Verb for Rmi {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        let images = open_to_write(store)?;
        let engine = Local::open(store)?;
        let mut failed = 0;
        for name in &self.images {
            match images.remove(name, self.force, &api::users(&engine)) {
                Ok(removed) => {
                    for name in &removed.untagged {
                        say!("Untagged: {}", name.familiar());
                    }
                    for digest in &removed.deleted {
                        say!("Deleted: {digest}");
                    }
                }
                Err(error) => failed = ch01_namespaces::report(&error),
            }
        }
        Ok(failed)
    }
}

/// Remove images without a name that no container uses.
#[derive(Args)]
pub struct Prune {
    /// Also remove the build cache.
    #[arg(long)]
    steps: bool,
}

impl Verb for Prune {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        let images = open_to_write(store)?;
        let users = api::users(&Local::open(store)?);
        let mut deleted = images.prune(false, &users)?.deleted;
        if self.steps {
            deleted.extend(images.prune(true, &users)?.deleted);
        }
        for digest in &deleted {
            say!("Deleted: {digest}");
        }
        Ok(0)
    }
}

/// Show the steps that made an image, newest first.
#[derive(Args)]
pub struct History {
    /// The image: a name, an id, or the beginning of an id.
    image: String,
}

impl Verb for History {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let found = builtin::find(&ImageStore::open(store)?, &self.image)?;
        let mut layers = found.manifest.layers.iter();
        let entries = found.config.whole["history"].as_array().cloned().unwrap_or_default();
        let line = |entry: &Value| {
            let size = match entry["empty_layer"] == true {
                true => 0,
                false => layers.next().map_or(0, |layer| layer.size),
            };
            let age = ch06_containers::ago(entry["created"].as_str().unwrap_or_default());
            let by = entry["created_by"].as_str().unwrap_or_default();
            format!("{:18}{:>10.1}kB   {by}", format!("{age} ago"), size as f64 / 1e3)
        };
        let lines: Vec<String> = entries.iter().map(line).collect();
        println!("{:18}{:>12}   CREATED BY", "CREATED", "SIZE");
        lines.iter().rev().for_each(|line| println!("{line}"));
        Ok(0)
    }
}
