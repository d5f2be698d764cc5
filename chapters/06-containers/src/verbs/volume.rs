//! `volume`: named volumes.

use anyhow::{Result, bail};
use ch01_namespaces::say;
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch04_unionfs::verbs::Format;
use clap::Subcommand;
use serde_json::json;

use super::create::labels;
use super::each;
use super::inspect::show;
use crate::engine::Engine;

/// Create, list, inspect and remove volumes.
#[derive(Subcommand)]
pub enum VolumeVerb {
    /// Create a volume. Prints its name.
    Create {
        /// The volume's name [default: a random one]
        name: Option<String>,
        /// A label: NAME=VALUE. May be repeated.
        #[arg(short, long, value_name = "NAME[=VALUE]")]
        label: Vec<String>,
    },
    /// List volumes.
    Ls {
        /// `json`: one object a line.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
        /// Print only names.
        #[arg(short, long)]
        quiet: bool,
    },
    /// Show details of volumes, as JSON.
    Inspect {
        /// A template, such as '{{.Mountpoint}}', or json.
        #[arg(short, long, value_name = "FORMAT")]
        format: Option<String>,
        /// Names.
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Remove volumes that no container uses.
    Rm {
        /// Names.
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Remove all anonymous volumes that no container uses.
    Prune {
        /// Include named volumes.
        #[arg(short, long)]
        all: bool,
        /// Don't ask for confirmation.
        #[arg(short, long)]
        force: bool,
    },
}

impl VolumeVerb {
    /// Does it.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        match self {
            VolumeVerb::Create { name, label } => {
                say!("{}", engine.create_volume(name.as_deref(), labels(&label))?);
                Ok(0)
            }
            VolumeVerb::Ls { format, quiet } => {
                end_quietly_in_a_pipe()?;
                if format == Format::Table && !quiet {
                    say!("DRIVER    VOLUME NAME");
                }
                for volume in engine.list_volumes()? {
                    let name = volume["Name"].as_str().unwrap_or_default();
                    match (format, quiet) {
                        (Format::Json, _) => say!("{}", json!({"Name": name, "Driver": "local"})),
                        (_, true) => say!("{name}"),
                        _ => say!("local     {name}"),
                    }
                }
                Ok(0)
            }
            VolumeVerb::Inspect { format, names } => show(format, &names, |name| engine.inspect_volume(name)),
            VolumeVerb::Rm { names } => each(&names, |name| {
                engine.remove_volume(name)?;
                say!("{name}");
                Ok(())
            }),
            VolumeVerb::Prune { all, force } => {
                if !force {
                    bail!("this removes volumes with their files\ncure: if that is what you want, add --force");
                }
                for name in engine.prune_volumes(all)? {
                    say!("{name}");
                }
                Ok(0)
            }
        }
    }
}
