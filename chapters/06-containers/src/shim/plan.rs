//! From a record to a container: its flags, read again as the command line reads them.

use std::path::Path;

use anyhow::{Result, anyhow};
use ch01_namespaces::{ContainerFlags, Design, StoreFlags};
use ch04_unionfs::LayerStore;
use clap::{Args, Command, FromArgMatches};

use crate::flags::Flags;
use crate::record::{Config, Record};
use crate::terminal::Console;

/// The flags of a record.
pub fn flags_of(record: &Record) -> Result<Flags> {
    let command = Flags::augment_args(Command::new("flags").no_binary_name(true));
    let matches = command.try_get_matches_from(&record.flags).map_err(|error| anyhow!(sentence(&error)))?;
    Flags::from_arg_matches(&matches).map_err(|error| anyhow!(sentence(&error)))
}

/// What a daemon's client can use of an error: neither "error:" nor the advice to try --help.
fn sentence(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    first.strip_prefix("error: ").unwrap_or(first).to_string()
}

/// The design of a life of a record: what chapters 1 to 6 make of its flags, on its own layer.
pub fn design_of<'a>(flags: &'a StoreFlags, record: &Record) -> Result<Design<'a>> {
    let mut wishes = flags_of(record)?;
    let command = record.config.command().into_iter().map(Into::into).collect();
    let mut design = Design::new(flags, command, true);
    design.spec.id = Some(record.id.clone());
    design.spec.name = Some(record.name.clone());
    design.spec.init = record.host.init;
    // The driver's store is opened before this process may become root of another user namespace.
    if record.layer.is_some() {
        let layers = LayerStore::open(flags, wishes.driver())?;
        design.root = Some(layers.container_root(&record.id)?);
    }
    if !record.config.user.is_empty() {
        wishes.powers.run_as = Some(record.config.user.clone());
    }
    wishes.delegate(&design)?;
    wishes.plan(&mut design)?;
    // Its record has the name, and a life could not follow when that changes. Nor need the lives of all
    // others be read to find that none is called so.
    design.spec.name = None;
    if record.config.tty {
        design.add(Console { is_first: true, ..Console::default() });
        let has_term = design.spec.env.iter().any(|(name, _)| name == "TERM");
        if !has_term {
            design.spec.env.push(("TERM".into(), "xterm".into()));
        }
    }
    Ok(design)
}

/// The environment of one more command: the container's, with what was added.
pub fn environment(
    design_env: &[(std::ffi::OsString, std::ffi::OsString)],
    more: &[String],
) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let mut env = design_env.to_vec();
    for entry in more {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        env.retain(|(known, _)| known != name);
        env.push((name.into(), value.into()));
    }
    env
}

/// Where a command starts.
pub fn working_directory<'a>(asked: &'a str, config: &'a Config) -> &'a Path {
    let own = if config.working_dir.is_empty() { "/" } else { &config.working_dir };
    Path::new(if asked.is_empty() { own } else { asked })
}
