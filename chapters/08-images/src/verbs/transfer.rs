//! `pull`, `load`, `save`, `import`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ch01_namespaces::say;
use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::Reference;
use crate::engine::{Images, Input};
use crate::layout::{Found, ImageStore};
use crate::transfer::{Progress, credentials, pull};

/// Pull an image from a registry. A registry on this machine (localhost) needs no TLS.
#[derive(Args)]
#[command(after_help = "A registry with a certificate authority of its own: put the authority's certificate into \
    /etc/docker/certs.d/HOST[:PORT]/ca.crt, or name it in SSL_CERT_FILE.\n\
    A registry that wants a password: docker login HOST; what that writes to ~/.docker/config.json is read.\n\
    A proxy: HTTPS_PROXY, HTTP_PROXY, NO_PROXY.\n\
    A registry that stops sending: it is asked again after 30 seconds; CORACLE_REGISTRY_TIMEOUT=SECONDS.")]
pub struct Pull {
    /// Print only errors and the name.
    #[arg(short, long)]
    quiet: bool,
    /// The image's name, such as localhost:5000/web:v1.
    name: Reference,
}

impl Pull {
    /// Pulls it.
    pub fn act_on(self, images: &dyn Images) -> Result<u8> {
        telling(self.quiet, |progress| images.pull(&self.name, progress))?;
        say!("{}", self.name);
        Ok(0)
    }
}

/// Pulls to this machine's store.
pub fn pull_telling(images: &ImageStore, name: &Reference, quiet: bool) -> Result<Found> {
    let login = credentials(&name.domain)?;
    telling(quiet, |progress| pull(images, name, login, progress))
}

/// Says on stderr what happens to each layer of a pull: in bars on a terminal, else in lines.
pub fn telling<T>(quiet: bool, pull: impl FnOnce(&mut Progress<'_>) -> T) -> T {
    if quiet {
        return pull(&mut |_, _, _, _| {});
    }
    if std::io::stderr().is_terminal() {
        let mut bars = Bars::default();
        return pull(&mut |id, status, current, total| bars.show(id, status, current, total));
    }
    pull(&mut |id, status, _, _| {
        if !matches!(status, "Downloading" | "Extracting") {
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

impl Load {
    /// Loads them.
    pub fn act_on(self, images: &dyn Images) -> Result<u8> {
        let input: Input = match &self.input {
            Some(path) => Box::new(File::open(path).with_context(|| format!("cannot open {}", path.display()))?),
            None if std::io::stdin().is_terminal() => bail!("the archive comes from stdin\ncure: load < ARCHIVE.tar"),
            None => Box::new(std::io::stdin()),
        };
        for said in images.load(input)? {
            say!("{said}");
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

impl Save {
    /// Writes it.
    pub fn act_on(self, images: &dyn Images) -> Result<u8> {
        match &self.output {
            Some(path) => {
                let mut file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
                let saved = images.save(&self.images, &mut file);
                if saved.is_err() {
                    let _ = std::fs::remove_file(path);
                }
                saved?;
            }
            None if std::io::stdout().is_terminal() => {
                bail!("an archive is nothing for a terminal\ncure: save NAME > FILE")
            }
            None => images.save(&self.images, &mut std::io::stdout().lock())?,
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

impl Import {
    /// Makes it.
    pub fn act_on(self, images: &dyn Images) -> Result<u8> {
        let input: Input = match self.archive.to_str() {
            Some("-") if std::io::stdin().is_terminal() => {
                bail!("the archive comes from stdin\ncure: import - < ARCHIVE.tar")
            }
            Some("-") => Box::new(std::io::stdin()),
            _ => {
                Box::new(File::open(&self.archive).with_context(|| format!("cannot open {}", self.archive.display()))?)
            }
        };
        say!("{}", images.import(input, self.name.as_ref())?);
        Ok(0)
    }
}
