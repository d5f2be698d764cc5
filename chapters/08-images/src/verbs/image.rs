//! `image`, the group; and what chapter 6's `inspect` and `commit` are from this chapter on.

use anyhow::{Result, anyhow};
use ch01_namespaces::{StoreFlags, Verb, say};
use ch06_containers::engine::Local;
use ch06_containers::verbs::{CommitVerb, Inspect};
use clap::Subcommand;

use super::{Build, History, Images, Import, Load, Prune, Pull, Rmi, Save, Tag, open_to_write};
use crate::layout::ImageStore;
use crate::{Reference, api};

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

impl Verb for Image {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        match self {
            Image::Ls(verb) => verb.act(store),
            Image::Build(verb) => verb.act(store),
            Image::Pull(verb) => verb.act(store),
            Image::Tag(verb) => verb.act(store),
            Image::Rm(verb) => verb.act(store),
            Image::Prune(verb) => verb.act(store),
            Image::History(verb) => verb.act(store),
            Image::Inspect(verb) => inspect(verb, store),
            Image::Load(verb) => verb.act(store),
            Image::Save(verb) => verb.act(store),
            Image::Import(verb) => verb.act(store),
        }
    }
}

/// `inspect`: what is no container may be an image.
pub fn inspect(verb: Inspect, store: &StoreFlags) -> Result<u8> {
    let images = ImageStore::open(store)?;
    verb.act_on(&Local::open(store)?, |name| api::details(&images, name).ok())
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
