//! `images`, `tag`, `rmi`, `history`, `image prune`.

use anyhow::Result;
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{say, visible};
use ch04_unionfs::verbs::format_size;
use clap::Args;
use serde_json::{Value, json};

use super::Format;
use crate::Reference;
use crate::engine::{self, Listed, Step};

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

impl Images {
    /// Prints them.
    pub fn act_on(self, images: &dyn engine::Images) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let mut all = images.list()?;
        if let Some(asked) = &self.name {
            let fits = |name: &Reference| crate::build::matches(asked, &name.repository()) || name.familiar() == *asked;
            all.retain(|image| image.names.iter().any(fits));
        }
        match (self.quiet, self.format) {
            (true, _) => all.iter().for_each(|image| println!("{}", short(&image.id))),
            (_, Format::Json) => {
                let all = all.iter().map(|image| as_json(images, image)).collect::<Result<Vec<_>>>()?;
                println!("{}", serde_json::to_string_pretty(&all)?);
            }
            (_, Format::Table) => table(&all),
        }
        Ok(0)
    }
}

fn short(id: &str) -> &str {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    hex.get(..12).unwrap_or(hex)
}

/// A list has neither the layers nor the time to the second's parts; `inspect` has.
fn as_json(images: &dyn engine::Images, image: &Listed) -> Result<Value> {
    let details = images.details(&image.id)?;
    Ok(json!({
        "id": image.id,
        "names": image.names.iter().map(Reference::familiar).collect::<Vec<_>>(),
        "created": details["Created"],
        "size": image.size,
        "layers": details["RootFS"]["Layers"],
    }))
}

fn table(all: &[Listed]) {
    let mut rows = vec![["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"].map(String::from)];
    for image in all {
        let about = |name: Option<&Reference>| {
            let none = || "<none>".to_string();
            [
                name.map_or_else(none, Reference::repository),
                name.and_then(|name| name.tag.clone()).unwrap_or_else(none),
                short(&image.id).to_string(),
                format!("{} ago", ch06_containers::ago(&image.created)),
                format_size(image.size),
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

impl Tag {
    /// Gives it.
    pub fn act_on(self, images: &dyn engine::Images) -> Result<u8> {
        images.tag(&self.image, &self.name)?;
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

impl Rmi {
    /// Removes them.
    pub fn act_on(self, images: &dyn engine::Images) -> Result<u8> {
        let mut failed = 0;
        for name in &self.images {
            match images.remove(name, self.force) {
                Ok(gone) => {
                    for name in &gone.untagged {
                        say!("Untagged: {name}");
                    }
                    for digest in &gone.deleted {
                        say!("Deleted: {digest}");
                    }
                }
                Err(error) => failed = ch01_namespaces::report(&error).min(1),
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

impl Prune {
    /// Removes them.
    pub fn act_on(self, images: &dyn engine::Images) -> Result<u8> {
        let mut deleted = images.prune(false)?.deleted;
        if self.steps {
            deleted.extend(images.prune(true)?.deleted);
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

impl History {
    /// Prints them.
    pub fn act_on(self, images: &dyn engine::Images) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let steps = images.history(&self.image)?;
        println!("{:18}{:>12}   CREATED BY", "CREATED", "SIZE");
        for Step { created, by, size, .. } in &steps {
            let age = format!("{} ago", ch06_containers::ago(created));
            println!("{age:18}{:>12}   {}", format_size(*size), visible(by));
        }
        Ok(0)
    }
}
