//! What can be done with images, wherever they are: chapter 6's `Engine` once more, for images.
//!
//! [`Here`] does it in this process, on this machine's store; [`There`] asks a daemon, which may be
//! Docker's as well. The verbs of the command line don't know which of the two they have.

mod here;
mod there;

use std::io::{Read, Write};

use anyhow::Result;
use serde_json::Value;

pub use here::{Here, loaded, steps};
pub use there::There;

use crate::build::{Output, Request};
use crate::transfer::Progress;
use crate::{Reference, build::Context};

/// An image in a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The digest of its configuration.
    pub id: String,
    /// What it is called.
    pub names: Vec<Reference>,
    /// When it was made.
    pub created: String,
    /// How many bytes its layers have, as they are stored.
    pub size: u64,
}

/// A step that made an image.
#[derive(Debug, Clone)]
pub struct Step {
    /// When.
    pub created: String,
    /// The instruction.
    pub by: String,
    /// What its maker noted.
    pub comment: String,
    /// How many bytes the layer has.
    pub size: u64,
}

/// What a removal did.
#[derive(Debug, Clone, Default)]
pub struct Gone {
    /// Names.
    pub untagged: Vec<String>,
    /// Digests of images and layers.
    pub deleted: Vec<String>,
}

/// Bytes that come from a file, or from stdin.
pub type Input = Box<dyn Read + Send>;

/// Where a build's files come from.
pub enum Files {
    /// A directory.
    Directory(Context),
    /// An archive, compressed or not.
    Archive(Input),
}

// ANCHOR: images
/// A store of images. An image is named by its name, its id, or the beginning of its id.
pub trait Images {
    /// All images that have a name or had one, newest first.
    fn list(&self) -> Result<Vec<Listed>>;
    /// The steps that made an image, newest first.
    fn history(&self, name: &str) -> Result<Vec<Step>>;
    /// All about an image, as Docker's `inspect` has it.
    fn details(&self, name: &str) -> Result<Value>;
    /// Gives an image a further name.
    fn tag(&self, name: &str, new: &Reference) -> Result<()>;
    /// Removes a name, and with the last one the image.
    fn remove(&self, name: &str, force: bool) -> Result<Gone>;
    /// Removes images without a name; or with `steps` what builds left for the next one.
    fn prune(&self, steps: bool) -> Result<Gone>;
    /// Pulls an image from a registry.
    fn pull(&self, name: &Reference, progress: &mut Progress<'_>) -> Result<()>;
    /// Loads all images of an archive, and gives what is to be said about each.
    fn load(&self, archive: Input) -> Result<Vec<String>>;
    /// Writes images to an archive.
    fn save(&self, names: &[String], out: &mut dyn Write) -> Result<()>;
    /// Makes an image of an archive of a root file system, and gives its id.
    fn import(&self, archive: Input, name: Option<&Reference>) -> Result<String>;
    /// Builds an image, and gives its id.
    fn build(&self, files: Files, request: &Request, quiet: bool, output: &mut Output<'_>) -> Result<String>;
}
// ANCHOR_END: images
