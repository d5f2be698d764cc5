//! `image`, the group; and what chapter 6's `inspect` and `commit` are from this chapter on.

use anyhow::{Result, anyhow};
use ch01_namespaces::{StoreFlags, say};
use ch06_containers::engine::{Engine, Local};
use ch06_containers::verbs::{CommitVerb, Inspect};
use clap::Subcommand;

use super::{Build, History, Images, Import, Load, Prune, Pull, Rmi, Save, Tag, open_to_write};
use crate::{Reference, api, engine};

/// Manage images.
#[derive(Subcommand)]
pub enum Image {
    Ls(Images),
    Build(Build),
    Pull(Pull),
    Tag(Tag),
    Rm(Rmi),
    Prune(Prune),
    History(History),
    Inspect(Inspect),
    Load(Load),
    Save(Save),
    Import(Import),
}

impl Image {
    /// Does it.
    pub fn act_on(self, images: &dyn engine::Images) -> Result<u8> {
        match self {
            Image::Ls(verb) => verb.act_on(images),
            Image::Build(verb) => verb.act_on(images),
            Image::Pull(verb) => verb.act_on(images),
            Image::Tag(verb) => verb.act_on(images),
            Image::Rm(verb) => verb.act_on(images),
            Image::Prune(verb) => verb.act_on(images),
            Image::History(verb) => verb.act_on(images),
            Image::Inspect(verb) => verb.show(|name| images.details(name)),
            Image::Load(verb) => verb.act_on(images),
            Image::Save(verb) => verb.act_on(images),
            Image::Import(verb) => verb.act_on(images),
        }
    }
}

/// `inspect`: what is no container may be an image.
pub fn inspect(verb: Inspect, engine: &dyn Engine, images: &dyn engine::Images) -> Result<u8> {
    verb.act_on(engine, |name| images.details(name).ok())
}

/// `commit`: until chapter 7 a layer with a name, and now an image.
pub fn commit(verb: &CommitVerb, store: &StoreFlags) -> Result<u8> {
    let name: Reference = verb.name.parse().map_err(|error: String| anyhow!(error))?;
    open_to_write(store)?;
    let engine = Local::open(store)?;
    let record = engine.records().find(&verb.container)?;
    say!("{}", api::commit_record(&engine, &record, None, None, Some(&name))?.id());
    Ok(0)
}
