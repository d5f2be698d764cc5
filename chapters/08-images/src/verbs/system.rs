//! `system check`, `completion`, `man`: about the program and its store.

use anyhow::{Context, Result};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{StoreFlags, Verb, say};
use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::Format;
use crate::layout::{Checked, ImageStore};

/// Manage the store of images.
#[derive(Subcommand)]
pub enum System {
    Check(Check),
}

/// Check the digests of all images: names, manifests, blobs, unpacked layers.
///
/// The command reads every byte and changes nothing. The exit status is 1 if something is damaged.
#[derive(Args)]
pub struct Check {
    /// `json`: one object: entries, blobs, bytes, left_over (blobs that nothing names), problems.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Verb for System {
    fn act(self, store: &StoreFlags) -> Result<u8> {
        let System::Check(Check { format }) = self;
        end_quietly_in_a_pipe()?;
        let checked = ImageStore::open(store)?.check()?;
        match format {
            Format::Json => say!("{}", serde_json::to_string_pretty(&checked)?),
            Format::Table => show(&checked)?,
        }
        Ok(u8::from(!checked.problems.is_empty()))
    }
}

fn show(checked: &Checked) -> Result<()> {
    for problem in &checked.problems {
        say!("damaged: {problem}");
    }
    let Checked { entries, blobs, bytes, left_over, problems } = checked;
    say!(
        "{entries} entries, {blobs} blobs, {:.1} MB read, {left_over} left over, {} damaged",
        *bytes as f64 / 1e6,
        problems.len()
    );
    if !problems.is_empty() {
        say!("cure: remove the damaged images (rmi --force ID), and pull or build them again");
    }
    Ok(())
}

/// Print a completion script for a shell.
///
/// For bash: `source <(coracle completion bash)`.
#[derive(Args)]
pub struct Completion {
    /// The shell.
    shell: Shell,
}

impl Completion {
    /// Prints it.
    pub fn act(self, mut command: clap::Command) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let name = command.get_name().to_string();
        clap_complete::generate(self.shell, &mut command, name, &mut std::io::stdout());
        Ok(0)
    }
}

/// Print the manual page: `coracle man | man -l -`.
#[derive(Args)]
pub struct Man {
    /// Print the page of this command.
    verb: Option<String>,
}

impl Man {
    /// Prints it.
    pub fn act(self, command: clap::Command) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let page = match &self.verb {
            None => command,
            Some(verb) => {
                let found = command.find_subcommand(verb).with_context(|| format!("there is no verb {verb}"))?;
                let name = format!("{}-{verb}", command.get_name());
                // clap wants names that live as long as the program.
                found.clone().name(&*name.leak())
            }
        };
        clap_mangen::Man::new(page).render(&mut std::io::stdout()).context("cannot print the page")?;
        Ok(0)
    }
}
