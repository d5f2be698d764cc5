//! `export`: a container's root file system as an archive.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use clap::Args;

use crate::engine::Engine;

/// Write a container's root file system as one archive: its image with its own changes. The archive
/// doesn't contain volumes.
#[derive(Args)]
pub struct Export {
    /// The file to write [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The container: its name, its id, or the beginning of its id.
    container: String,
}

impl Export {
    /// Writes it.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let write = |out: &mut dyn Write| {
            let mut out = BufWriter::with_capacity(64 * 1024, out);
            engine.export(&self.container, &mut out).and_then(|()| out.flush().context("cannot write the archive"))
        };
        match &self.output {
            None if std::io::stdout().is_terminal() => {
                bail!("the archive goes to stdout, which is a terminal\ncure: export {0} > {0}.tar", self.container)
            }
            None => write(&mut std::io::stdout().lock())?,
            Some(path) => {
                let mut file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
                if let Err(error) = write(&mut file) {
                    let _ = std::fs::remove_file(path);
                    return Err(error);
                }
            }
        }
        Ok(0)
    }
}
