//! `pull`, `load`, `save`, `import`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ch01_namespaces::{StoreFlags, Verb, say};
use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::open_to_write;
use crate::Reference;
use crate::layout::{Found, ImageStore};
use crate::transfer::{credentials, import, load, pull, save};

/// Pull an image from a registry. A registry on this machine (localhost) needs no TLS.
#[derive(Args)]
#[command(after_help = "A registry with a certificate authority of its own: put the authority's certificate into \
    /etc/docker/certs.d/HOST[:PORT]/ca.crt, or name it in SSL_CERT_FILE.\n\
    A registry that wants a password: docker login HOST; what that writes to ~/.docker/config.json is read.\n\
    A proxy: HTTPS_PROXY, HTTP_PROXY, NO_PROXY.")]
pub struct Pull {
    /// Print only errors and the name.
    #[arg(short, long)]
    quiet: bool,
    /// The image's name, such as localhost:5000/web:v1.
    name: Reference,
}

impl Verb for Pull {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        let found = pull_telling(&open_to_write(store)?, &self.name, self.quiet)?;
        let _ = found;
        say!("{}", self.name);
        Ok(0)
    }
}

/// Pulls, and says on stderr what happens to each layer: in bars on a terminal, else in lines.
pub fn pull_telling(images: &ImageStore, name: &Reference, quiet: bool) -> Result<Found> {
    let login = credentials(&name.domain)?;
    if quiet {
        return pull(images, name, login, &mut |_, _, _, _| {});
    }
    if std::io::stderr().is_terminal() {
        let mut bars = Bars::default();
        return pull(images, name, login, &mut |id, status, current, total| bars.show(id, status, current, total));
    }
    pull(images, name, login, &mut |id, status, _, _| {
        if status != "Downloading" {
            let _ = writeln!(std::io::stderr(), "{id}: {status}");
        }
    })
}

/// A bar for each layer.
#[derive(Default)]
struct Bars {
    all: MultiProgress,
    by_id: BTreeMap<String, ProgressBar>,
}

impl Bars {
    fn show(&mut self, id: &str, status: &str, current: u64, total: u64) {
        let all = &self.all;
        let bar = self.by_id.entry(id.into()).or_insert_with(|| all.add(ProgressBar::new(total)));
        let template = match status {
            "Downloading" => "{prefix}: {msg:17} {bar:30} {bytes:>10} / {total_bytes}",
            _ => "{prefix}: {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(id.to_string());
        bar.set_message(status.to_string());
        bar.set_length(total);
        bar.set_position(current);
        if matches!(status, "Already exists" | "Pull complete") {
            bar.abandon();
        }
    }
}

/// Load images from an archive that `save` has written, also Docker's, or from an archive of an OCI
/// image layout.
#[derive(Args)]
pub struct Load {
    /// The archive [default: stdin]
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
}

impl Verb for Load {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        let input: Box<dyn Read> = match &self.input {
            Some(path) => Box::new(File::open(path).with_context(|| format!("cannot open {}", path.display()))?),
            None if std::io::stdin().is_terminal() => bail!("the archive comes from stdin\ncure: load < ARCHIVE.tar"),
            None => Box::new(std::io::stdin().lock()),
        };
        for found in load(&open_to_write(store)?, ch04_unionfs::archive::decompress(input)?)? {
            match found.names.first() {
                Some(name) => say!("Loaded image: {}", name.familiar()),
                None => say!("Loaded image ID: {}", found.id()),
            }
        }
        Ok(0)
    }
}

/// Write images to an archive that `load` reads, also Docker's.
#[derive(Args)]
pub struct Save {
    /// The file to write [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Images: names, ids, or beginnings of ids.
    #[arg(required = true)]
    images: Vec<String>,
}

impl Verb for Save {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        let images = open_to_write(store)?;
        match &self.output {
            Some(path) => {
                let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
                let saved = save(&images, &self.images, file);
                if saved.is_err() {
                    let _ = std::fs::remove_file(path);
                }
                saved?;
            }
            None if std::io::stdout().is_terminal() => {
                bail!("an archive is nothing for a terminal\ncure: save NAME > FILE")
            }
            None => save(&images, &self.images, std::io::stdout().lock())?,
        }
        Ok(0)
    }
}

/// Make an image with one layer from an archive of a root file system. Prints its id.
#[derive(Args)]
pub struct Import {
    /// The archive, or - for stdin.
    archive: PathBuf,
    /// The image's name.
    name: Option<Reference>,
}

impl Verb for Import {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        let input: Box<dyn Read> = match self.archive.to_str() {
            Some("-") if std::io::stdin().is_terminal() => {
                bail!("the archive comes from stdin\ncure: import - < ARCHIVE.tar")
            }
            Some("-") => Box::new(std::io::stdin().lock()),
            _ => {
                Box::new(File::open(&self.archive).with_context(|| format!("cannot open {}", self.archive.display()))?)
            }
        };
        let found = import(&open_to_write(store)?, input, self.name.as_ref())?;
        say!("{}", found.id());
        Ok(0)
    }
}
