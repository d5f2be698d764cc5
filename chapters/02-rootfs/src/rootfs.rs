//! The verb `rootfs`: root file systems from this machine's programs, or from an archive.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::{hostbox, import};

/// Make root file systems.
#[derive(Subcommand)]
pub enum Rootfs {
    /// Make one from what this machine has: programs, their loader and libraries, and the basics of
    /// /etc.
    #[command(after_help = "Examples:\n  rootfs create ./box\n  rootfs create ./small --with sh --with ls\n  \
                            rootfs create ./busybox --busybox")]
    Create {
        /// The directory to make; it must be empty or not be there.
        directory: PathBuf,
        /// Only these programs, names or paths. May be repeated [default: a shell, the core utilities, ps,
        /// ip, mount …].
        #[arg(long, value_name = "PROGRAM", conflicts_with = "busybox")]
        with: Vec<String>,
        /// A static busybox, under all its names.
        #[arg(long)]
        busybox: bool,
        /// Say nothing but errors.
        #[arg(long, short)]
        quiet: bool,
    },
    /// Unpack an archive from stdin: docker export $(docker create busybox) | ch02-rootfs rootfs import
    /// ./busybox
    ///
    /// The archive may be hostile: nothing is written outside of the directory, whatever names and
    /// links it has.
    Import {
        /// The directory to fill; it must be empty or not be there.
        directory: PathBuf,
        /// Say nothing but errors.
        #[arg(long, short)]
        quiet: bool,
    },
}

impl Rootfs {
    /// Makes it.
    pub fn act(self) -> Result<u8> {
        match self {
            Rootfs::Create { directory, with, busybox, quiet } => create(directory, with, busybox, quiet),
            Rootfs::Import { directory, quiet } => {
                if std::io::stdin().is_terminal() {
                    let directory = directory.display();
                    bail!("the archive comes from stdin: docker export … | ch02-rootfs rootfs import {directory}");
                }
                let unpacked = import::import(std::io::stdin().lock(), &directory)?;
                if !quiet {
                    talk(&format!("{}: {unpacked}", directory.display()));
                }
                Ok(0)
            }
        }
    }
}

fn create(directory: PathBuf, with: Vec<String>, busybox: bool, quiet: bool) -> Result<u8> {
    // What somebody asked for by name must be there; of the default set, what the machine has.
    if let Some(name) = with.iter().find(|name| hostbox::find_program(name).is_none()) {
        bail!(
            "there is no program {name} on this machine (a name is looked up in /usr/bin, /bin, /usr/sbin and so on)"
        );
    }
    let made = match (busybox, with.is_empty()) {
        (true, _) => hostbox::create_busybox(&directory),
        (false, false) => hostbox::create(&directory, &with),
        (false, true) => hostbox::create(&directory, &hostbox::DEFAULT.map(String::from)),
    };
    let made = made.context("no root file system was made")?;
    if !quiet {
        let (place, files, megabytes) = (directory.display(), made.sources.len(), made.bytes as f64 / 1e6);
        talk(&format!("{place}: {files} of this machine's files, {megabytes:.1} MB"));
        if !made.missing.is_empty() {
            talk(&format!("not on this machine: {}", made.missing.join(" ")));
        }
    }
    Ok(0)
}

/// On stderr: stdout is for data.
fn talk(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
