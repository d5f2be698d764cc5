//! Names for layers. (Chapter 8 has names for images, with tags.)

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ch01_namespaces::Failure;

use super::{LayerStore, write_atomically};
use crate::digest::{ChainId, Digest};
use crate::hostbox;

impl LayerStore {
    fn names_file(&self) -> PathBuf {
        self.image().join("names.json")
    }

    /// All names.
    pub fn names(&self) -> Result<BTreeMap<String, ChainId>> {
        let file = self.names_file();
        let cure = || {
            format!(
                "cure: write it again: one JSON object of names and chain ids, such as {{\"base\": \"sha256:…\"}}. The chain \
                 ids are the names in {}. A layer without a name is removed",
                self.layerdb().join("sha256").display()
            )
        };
        match fs::read(&file) {
            // The first layer brings the file. Taken for "no names", a file that somebody removed would cost
            // all layers.
            Err(error) if error.kind() == ErrorKind::NotFound => match self.has_layers()? {
                false => Ok(BTreeMap::new()),
                true => bail!("{} is missing\n{}", file.display(), cure()),
            },
            text => {
                let text = text.with_context(|| format!("cannot read {}", file.display()))?;
                serde_json::from_slice(&text).with_context(|| format!("{} is damaged\n{}", file.display(), cure()))
            }
        }
    }

    /// Begins the file of names, before the first layer comes. The caller holds the exclusive lock.
    pub(super) fn begin_names(&self) -> Result<()> {
        match self.names_file().exists() || self.has_layers()? {
            true => Ok(()),
            false => write_atomically(&self.names_file(), b"{}"),
        }
    }

    /// The layer that a name, a chain id or the beginning of one (12 digits or more) means.
    pub fn resolve(&self, name: &str) -> Result<ChainId> {
        if name == hostbox::NAME {
            return hostbox::layer(self);
        }
        if let Some(chain) = self.names()?.get(name) {
            return Ok(*chain);
        }
        let hex = name.strip_prefix("sha256:").unwrap_or(name);
        let matches: Vec<_> = match hex.len() {
            12.. => self.layers()?.into_iter().filter(|layer| layer.chain.hex().starts_with(hex)).collect(),
            _ => Vec::new(),
        };
        match matches.as_slice() {
            [layer] => Ok(layer.chain),
            [] => bail!(Failure::new(
                1,
                format!(
                    "there is no layer {name:?}\ncure: see `layer ls`, or make one: layer import {name} < ARCHIVE.tar"
                )
            )),
            _ => bail!("several layers begin with {name}: give more digits"),
        }
    }

    /// Gives a layer a name, which keeps it: chapter 8's images do.
    pub fn name_layer(&self, name: &str, chain: ChainId) -> Result<()> {
        let _alone = self.lock_exclusive()?;
        self.layer(&chain)?.with_context(|| format!("layer {chain} was removed by another command"))?;
        self.set_name(name, Some(chain))
    }

    /// Gives a layer another name in place of the one that it has. At no moment it has none.
    pub fn rename_layer(&self, old: &str, new: &str) -> Result<()> {
        let _alone = self.lock_exclusive()?;
        let mut names = self.names()?;
        let chain = names.remove(old).with_context(|| format!("the name {old} was removed by another command"))?;
        names.insert(new.into(), chain);
        write_atomically(&self.names_file(), &serde_json::to_vec_pretty(&names)?)
    }

    /// Gives a name; the caller holds the exclusive lock.
    pub(super) fn set_name(&self, name: &str, chain: Option<ChainId>) -> Result<()> {
        let mut names = self.names()?;
        match chain {
            Some(chain) => drop(names.insert(name.into(), chain)),
            None => drop(names.remove(name)),
        }
        write_atomically(&self.names_file(), &serde_json::to_vec_pretty(&names)?)
    }
}

/// Docker's rule for a repository with an optional tag: lower-case letters and digits, with single
/// `.`, `_`, `-` and `/` between them; after a colon a tag of up to 128 letters, digits, `.`, `_`
/// and `-`.
pub fn check_name(name: &str) -> Result<()> {
    let (repository, tag) = name.split_once(':').map_or((name, None), |(name, tag)| (name, Some(tag)));
    let is_word = |word: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        edge(word.chars().next()) && edge(word.chars().next_back()) && word.chars().all(inner)
    };
    let is_tag = |tag: &str| {
        (1..=128).contains(&tag.len())
            && !tag.starts_with(['.', '-'])
            && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    let looks_like_an_id = name.len() >= 12 && Digest::from_hex(&format!("{name:0<64}")).is_ok();
    if name.len() > 255 || !repository.split('/').all(is_word) || !tag.is_none_or(is_tag) || looks_like_an_id {
        bail!(
            "invalid name {name:?}: use lower-case letters and digits, with . _ - and / between them, such as web/base; \
             and if you like a tag, such as web/base:v1"
        );
    }
    if name == hostbox::NAME {
        bail!("the name {name} is reserved for this machine's own programs");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dockers() {
        for good in ["base", "web/base", "a.b-c_d", "jianglong/nginx_web:v1", "x:Latest"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "Base", "-a", "a-", "../x", "a//b", "/a", "a b", "x:", "x:.y", "0123456789ab", "hostbox"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
