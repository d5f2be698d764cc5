//! Descriptors, manifests and the index, as the OCI image specification defines them.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};
use ch04_unionfs::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ImageStore;
use crate::Reference;

/// The media types that there are.
pub mod media_type {
    /// A manifest.
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// Several manifests, for several platforms.
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// A configuration.
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// A layer, not compressed.
    pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    /// The same, compressed by gzip.
    pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// The same, compressed by zstd.
    pub const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// Docker's manifest.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's index.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
}

/// The annotation with an image's name.
const NAME: &str = "io.containerd.image.name";

/// The annotation that says how an image came: what watches the index learns it there.
const ARRIVAL: &str = "coracle.arrival";

/// What a blob is, and how to check it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    #[serde(default)]
    pub media_type: String,
    /// Its name.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// For which machines.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub platform: Value,
    /// Whatever is noted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Without platform and notes.
    pub fn new(media_type: &str, blob: super::Copied) -> Descriptor {
        Descriptor {
            media_type: media_type.into(),
            digest: blob.digest,
            size: blob.size,
            platform: Value::Null,
            annotations: BTreeMap::new(),
        }
    }

    /// The name that the index gives it.
    pub fn name(&self) -> Option<Reference> {
        self.annotations.get(NAME)?.parse().ok()
    }

    /// How and when it came, if it didn't come by being named: `pull 2026-11-29T21:50:00.000000000Z`.
    pub fn arrival(&self) -> Option<&str> {
        self.annotations.get(ARRIVAL).map(String::as_str)
    }

    /// As others get it.
    pub fn without_arrival(self) -> Descriptor {
        self.arrived(None)
    }

    /// Has come just now.
    pub(super) fn arrived(mut self, how: Option<&str>) -> Descriptor {
        match how {
            Some(how) => self.annotations.insert(ARRIVAL.into(), format!("{how} {}", ch06_containers::now())),
            None => self.annotations.remove(ARRIVAL),
        };
        self
    }

    /// A layer as a manifest of OCI's has it: there Docker's words for the same are not known.
    pub fn in_oci_words(mut self) -> Descriptor {
        let kind = match self.media_type.as_str() {
            "application/vnd.docker.image.rootfs.diff.tar" => media_type::LAYER,
            "application/vnd.docker.image.rootfs.diff.tar.gzip" => media_type::LAYER_GZIP,
            "application/vnd.docker.image.rootfs.diff.tar.zstd" => media_type::LAYER_ZSTD,
            _ => return self,
        };
        self.media_type = kind.into();
        self
    }

    /// With a name. How it came stays.
    pub fn named(mut self, name: Option<&Reference>) -> Descriptor {
        self.annotations.retain(|key, _| key == ARRIVAL);
        if let Some(name) = name {
            self.annotations.insert(NAME.into(), name.to_string());
            // What skopeo and others choose by.
            let short = name.tag.clone().unwrap_or_else(|| name.to_string());
            self.annotations.insert("org.opencontainers.image.ref.name".into(), short);
        }
        self
    }
}

/// An image: its configuration and its layers, lowest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 2.
    pub schema_version: u32,
    /// What it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub media_type: String,
    /// The configuration.
    pub config: Descriptor,
    /// The layers.
    pub layers: Vec<Descriptor>,
}

/// A list of manifests.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// 2.
    pub schema_version: u32,
    /// What it is.
    #[serde(default)]
    pub media_type: String,
    /// The manifests.
    pub manifests: Vec<Descriptor>,
}

impl Default for Index {
    fn default() -> Index {
        Index { schema_version: 2, media_type: media_type::INDEX.into(), manifests: Vec::new() }
    }
}

impl Manifest {
    /// One of an image that is made here.
    pub fn new(config: super::Copied, layers: Vec<Descriptor>) -> Manifest {
        Manifest {
            schema_version: 2,
            media_type: media_type::MANIFEST.into(),
            config: Descriptor::new(media_type::CONFIG, config),
            layers: layers.into_iter().map(Descriptor::in_oci_words).collect(),
        }
    }
}

impl ImageStore {
    /// The index of this store.
    pub fn index(&self) -> Result<Index> {
        let path = self.directory.join("index.json");
        match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Index::default()),
            text => serde_json::from_slice(&text.with_context(|| format!("cannot read {}", path.display()))?)
                .with_context(|| format!("{} is damaged", path.display())),
        }
    }

    /// Changes the index, whole or not at all.
    pub(super) fn change_index<T>(&self, change: impl FnOnce(&mut Index) -> Result<T>) -> Result<T> {
        let mut index = self.index()?;
        let value = change(&mut index)?;
        let (path, new) = (self.directory.join("index.json"), self.directory.join("index.json.new"));
        fs::write(&new, serde_json::to_vec_pretty(&index)?)
            .and_then(|()| fs::rename(&new, &path))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(value)
    }
}
