//! What several layers show at one place: the rule of every union file system, in a few lines.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

use anyhow::Result;
use nix::sys::stat::FileStat;

use crate::directory::{Directory, is_directory, is_whiteout};

/// One directory as the layers show it together: those layers that have it, topmost first.
#[derive(Debug, Default)]
pub struct Union {
    layers: Vec<Directory>,
}

impl Union {
    /// Of the topmost directories of layers.
    pub fn new(layers: Vec<Directory>) -> Union {
        Union { layers }
    }

    // ANCHOR: union
    /// The entry that is visible under a name, and its layer: the topmost layer with an entry decides.
    /// If that entry is a whiteout, nothing is visible.
    pub fn find(&self, name: &OsStr) -> Result<Option<(&Directory, FileStat)>> {
        for layer in &self.layers {
            if let Some(stat) = layer.stat(name)? {
                return Ok((!is_whiteout(&stat)).then_some((layer, stat)));
            }
        }
        Ok(None)
    }

    /// The union of a subdirectory: every layer's directory from the top, until a layer hides those
    /// below it with a whiteout, a file, or an opaque directory.
    pub fn child(&self, name: &OsStr) -> Result<Union> {
        let mut layers = Vec::new();
        for layer in &self.layers {
            match layer.stat(name)? {
                None => continue,
                Some(stat) if !is_directory(&stat) => break,
                Some(_) => {}
            }
            let Some(directory) = layer.child(name)? else { break };
            let hides = directory.is_opaque();
            layers.push(directory);
            if hides {
                break;
            }
        }
        Ok(Union { layers })
    }
    // ANCHOR_END: union

    /// The names that are visible, sorted.
    pub fn names(&self) -> Result<Vec<OsString>> {
        let mut seen = BTreeSet::new();
        for layer in &self.layers {
            seen.extend(layer.names()?);
        }
        let mut visible = Vec::new();
        for name in seen {
            if self.find(&name)?.is_some() {
                visible.push(name);
            }
        }
        Ok(visible)
    }
}
