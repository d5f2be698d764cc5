//! `layer`: the layers of the store.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Result, bail};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{StoreFlags, report, say};
use clap::Subcommand;

use super::Format;
use super::progress::Progress;
use crate::archive::{import, write};
use crate::digest::ChainId;
use crate::flags::DriverFlag;
use crate::owner::as_owner;
use crate::store::{LayerStore, check_name};

/// Import, list, remove and export layers.
#[derive(Subcommand)]
pub enum Layer {
    /// Make a layer from an archive on stdin: tar, perhaps compressed with gzip or zstd. Prints its
    /// chain id.
    ///
    /// The archive need not be trusted: nothing is written outside of the layer. In the archive,
    /// `.wh.NAME` deletes NAME of the layers below, and `.wh..wh..opq` deletes everything that they
    /// have in its directory.
    #[command(
        after_help = "Examples:\n  layer import base < base.tar.gz\n  layer import app --parent base < app.tar\n  \
                            docker export $(docker create busybox) | ch04-unionfs layer import busybox"
    )]
    Import {
        #[command(flatten)]
        driver: DriverFlag,
        /// The layer's name, such as web/base or web/base:v1. If another layer has this name, it loses it.
        name: String,
        /// Not an operand: see the error.
        #[arg(hide = true)]
        file: Option<PathBuf>,
        /// The parent layer: a name or a chain id.
        #[arg(long, value_name = "LAYER")]
        parent: Option<String>,
        /// Print errors only, and no progress.
        #[arg(long, short)]
        quiet: bool,
    },
    /// List layers: name, chain id, number of layers below, and bytes that the layer adds.
    Ls {
        #[command(flatten)]
        driver: DriverFlag,
        /// `json`: one array of objects: names, chain_id, diff_id, parent, size (bytes), cache_id.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Print only chain ids.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Remove names of layers, and layers that are no longer needed.
    Rm {
        #[command(flatten)]
        driver: DriverFlag,
        /// Layers: names, chain ids, or beginnings of chain ids.
        #[arg(required = true)]
        layers: Vec<String>,
    },
    /// Write a layer to stdout, as a tar archive of its changes.
    Export {
        #[command(flatten)]
        driver: DriverFlag,
        /// The layer: a name, a chain id, or the beginning of a chain id.
        layer: String,
    },
}

impl Layer {
    /// Does it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        match self {
            Layer::Import { name, file: Some(file), .. } => {
                bail!("the archive comes from stdin\ncure: layer import {name} < {}", file.display())
            }
            Layer::Import { driver, name, file: None, parent, quiet } => {
                import_from_stdin(&driver.open(store)?, &name, parent.as_deref(), quiet)
            }
            Layer::Ls { driver, format, quiet } => list(&driver.open(store)?, format, quiet),
            Layer::Rm { driver, layers } => remove(&driver.open(store)?, &layers),
            Layer::Export { driver, layer } => export(&driver.open(store)?, &layer),
        }
    }
}

fn import_from_stdin(store: &LayerStore, name: &str, parent: Option<&str>, quiet: bool) -> Result<u8> {
    check_name(name)?;
    if std::io::stdin().is_terminal() {
        bail!("the archive comes from stdin\ncure: layer import {name} < ARCHIVE.tar");
    }
    let parent = parent.map(|parent| store.resolve(parent)).transpose()?;
    let imported =
        store.interruptible(|| import(store, parent, Some(name), || Ok(Progress::over(std::io::stdin(), quiet))))?;
    say!("{}", imported.chain);
    if !quiet {
        let mut notes = String::new();
        if imported.left_out > 0 {
            notes += &format!("; skipped {}", count(imported.left_out, "device node", "device nodes"));
        }
        if imported.owners_lost > 0 {
            // As in podman's documentation: the cure is a range in /etc/subuid.
            notes += &format!(
                "; {} ids that your user namespace doesn't map, and now to root inside\n\
                 cure: let root give you a range: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER",
                count(imported.owners_lost, "entry belongs to", "entries belong to")
            );
        }
        let _ = writeln!(
            std::io::stderr(),
            "{name}: {}, {}{notes}",
            count(imported.entries, "entry", "entries"),
            format_size(imported.bytes)
        );
    }
    Ok(0)
}

fn list(store: &LayerStore, format: Format, quiet: bool) -> Result<u8> {
    end_quietly_in_a_pipe()?;
    let mut names: BTreeMap<ChainId, Vec<String>> = BTreeMap::new();
    for (name, chain) in store.names()? {
        names.entry(chain).or_default().push(name);
    }
    let mut layers = store.layers()?;
    layers.sort_by_key(|layer| (names.get(&layer.chain).cloned().unwrap_or_default(), layer.chain));
    if format == Format::Json {
        let object = |layer: &crate::store::Layer| {
            serde_json::json!({
                "names": names.get(&layer.chain).cloned().unwrap_or_default(),
                "chain_id": layer.chain, "diff_id": layer.diff, "parent": layer.parent,
                "size": layer.size, "cache_id": layer.cache_id,
            })
        };
        say!("{}", serde_json::to_string_pretty(&layers.iter().map(object).collect::<Vec<_>>())?);
        return Ok(0);
    }
    if !quiet {
        say!("{:<24} {:<12} {:>5} {:>10}", "NAME", "CHAIN ID", "BELOW", "SIZE");
    }
    if quiet {
        layers.iter().try_for_each(|layer| Ok::<_, anyhow::Error>(say!("{}", layer.chain)))?;
        return Ok(0);
    }
    let mut rows = Vec::new();
    for layer in &layers {
        let below = store.stack(&layer.chain)?.len() - 1;
        let none = || vec!["<none>".to_string()];
        let called = names.get(&layer.chain).cloned().unwrap_or_else(none);
        rows.extend(called.into_iter().map(|name| (name, layer, below)));
    }
    // A layer with two names has two rows.
    rows.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    for (name, layer, below) in rows {
        say!("{name:<24} {:<12} {below:>5} {:>10}", layer.chain.short(), format_size(layer.size));
    }
    Ok(0)
}

fn count(number: u64, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

fn remove(store: &LayerStore, layers: &[String]) -> Result<u8> {
    let mut status = 0;
    for name in layers {
        match store.remove(name) {
            Ok(removed) => {
                removed.names.iter().try_for_each(|name| Ok::<_, anyhow::Error>(say!("Untagged: {name}")))?;
                removed.layers.iter().try_for_each(|chain| Ok::<_, anyhow::Error>(say!("Deleted: {chain}")))?;
            }
            Err(error) => status = report(&error),
        }
    }
    Ok(status)
}

fn export(store: &LayerStore, name: &str) -> Result<u8> {
    if std::io::stdout().is_terminal() {
        bail!("the archive goes to stdout, which is a terminal\ncure: layer export {name} > LAYER.tar");
    }
    let stack = store.stack(&store.resolve(name)?)?;
    let ids: Vec<_> = stack.into_iter().map(|layer| layer.cache_id).collect();
    let (top, below) = ids.split_first().expect("a stack has a top");
    let changes = store.driver().changes(top, below)?;
    let content = store.driver().content(top);
    as_owner(|| write(&content, &changes, std::io::BufWriter::new(std::io::stdout().lock())))?;
    Ok(0)
}

/// As Docker prints sizes: decimal, three digits.
pub fn format_size(bytes: u64) -> String {
    let mut number = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if number < 999.5 {
            return if unit == "B" || number >= 99.95 {
                format!("{number:.0}{unit}")
            } else {
                format!("{number:.1}{unit}")
            };
        }
        number /= 1000.0;
    }
    format!("{number:.1}TB")
}

#[cfg(test)]
mod tests {
    use super::format_size;

    #[test]
    fn sizes_are_decimal() {
        assert_eq!(
            ["0B", "999B", "1.0kB", "17.5MB", "142MB", "2.0GB"].map(String::from),
            [0, 999, 1000, 17_500_000, 142_000_000, 2_000_000_000].map(format_size)
        );
    }
}
