//! The command line.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use ch01_namespaces::narration::TourFlags;
use ch01_namespaces::{StoreFlags, Verb, report};
use ch06_containers::engine::{Local, NewContainer};
use ch06_containers::{EngineVerbs, Verbs as ContainerVerbs, verbs::as_our_failure};
use ch07_daemon::client::Remote;
use ch07_daemon::{DaemonVerb, HostFlag, ask_daemon};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::on_image;
use crate::engine::{Here, Images, There};
use crate::layout::ImageStore;
use crate::{Reference, api, builtin, verbs};

/// Chapter 8: images
///
/// Without a command: the tour, which makes an image and looks at what it is made of.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    tour: TourFlags,
    #[command(flatten)]
    host: HostFlag,
    #[command(subcommand)]
    command: Option<Verbs>,
}

/// What can be done.
#[derive(Subcommand)]
pub enum Verbs {
    Daemon(DaemonVerb),
    Build(verbs::Build),
    Images(verbs::Images),
    Pull(verbs::Pull),
    Tag(verbs::Tag),
    Rmi(verbs::Rmi),
    History(verbs::History),
    Load(verbs::Load),
    Save(verbs::Save),
    Import(verbs::Import),
    /// The same verbs about images, and `prune`.
    #[command(subcommand)]
    Image(verbs::Image),
    /// Manage the store of images.
    #[command(subcommand)]
    System(verbs::System),
    Completion(verbs::Completion),
    Man(verbs::Man),
    #[command(flatten)]
    Containers(ContainerVerbs),
}

impl Verbs {
    /// Does it in this process.
    fn act(self, store: &StoreFlags) -> Result<u8> {
        match self {
            Verbs::Daemon(verb) => {
                ch07_daemon::daemon::run(store, &verb, Arc::new(api::Stored), vec![Box::new(api::Routes)]).map(|()| 0)
            }
            Verbs::Build(verb) | Verbs::Image(verbs::Image::Build(verb)) => verb.act(store),
            Verbs::System(verb) => verb.act(store),
            Verbs::Completion(verb) => verb.act(command()),
            Verbs::Man(verb) => verb.act(command()),
            // Chapter 6 takes layers by name; here the operand is an image.
            Verbs::Containers(ContainerVerbs::Engine(EngineVerbs::Run(run))) => {
                as_our_failure(run.act_on(&Local::open(store)?, |new| of_image(store, new)))
            }
            Verbs::Containers(ContainerVerbs::Engine(EngineVerbs::Create(create))) => {
                as_our_failure(create.act_on(&Local::open(store)?, |new| of_image(store, new)))
            }
            Verbs::Containers(ContainerVerbs::Engine(EngineVerbs::Inspect(verb))) => {
                verbs::inspect(verb, &Local::open(store)?, &Here(store))
            }
            Verbs::Containers(ContainerVerbs::Commit(verb)) => verbs::commit(&verb, store),
            Verbs::Containers(verb) => verb.act(store),
            about_images => about_images.act_on(&Here(store)),
        }
    }

    /// Has a daemon do it. What is about this machine alone is refused rather than done here.
    fn ask(self, store: &StoreFlags, host: &str) -> Result<u8> {
        let pulled = |new: NewContainer| pulled_there(&There::new(host)?, &new.image).map(|()| new);
        match self {
            Verbs::Daemon(_) | Verbs::Completion(_) | Verbs::Man(_) => self.act(store),
            Verbs::System(_) => bail!(
                "this can't be asked of the daemon at {host}\ncause: it reads this machine's store\ncure: leave --host \
                 and DOCKER_HOST out, and run it where the daemon runs, as its user"
            ),
            Verbs::Containers(ContainerVerbs::Engine(EngineVerbs::Run(run))) => {
                as_our_failure(run.act_on(&Remote::new(host)?, pulled))
            }
            Verbs::Containers(ContainerVerbs::Engine(EngineVerbs::Create(create))) => {
                as_our_failure(create.act_on(&Remote::new(host)?, pulled))
            }
            Verbs::Containers(ContainerVerbs::Engine(EngineVerbs::Inspect(verb))) => {
                verbs::inspect(verb, &Remote::new(host)?, &There::new(host)?)
            }
            Verbs::Containers(verb) => ask_daemon(verb, store, host),
            about_images => about_images.act_on(&There::new(host)?),
        }
    }

    /// What is about images and nothing else.
    fn act_on(self, images: &dyn Images) -> Result<u8> {
        match self {
            Verbs::Build(verb) => verb.act_on(images),
            Verbs::Images(verb) => verb.act_on(images),
            Verbs::Pull(verb) => verb.act_on(images),
            Verbs::Tag(verb) => verb.act_on(images),
            Verbs::Rmi(verb) => verb.act_on(images),
            Verbs::History(verb) => verb.act_on(images),
            Verbs::Load(verb) => verb.act_on(images),
            Verbs::Save(verb) => verb.act_on(images),
            Verbs::Import(verb) => verb.act_on(images),
            Verbs::Image(verb) => verb.act_on(images),
            Verbs::Daemon(_) | Verbs::System(_) | Verbs::Completion(_) | Verbs::Man(_) | Verbs::Containers(_) => {
                bail!("internal error: this is not about images")
            }
        }
    }
}

/// An image that the daemon lacks is pulled there.
fn pulled_there(images: &There, name: &str) -> Result<()> {
    match images.details(name) {
        Err(error) if error.to_string().contains("No such image") => {
            report(&anyhow!("unable to find image '{name}' locally: the daemon pulls it"));
            let name: Reference = name.parse().map_err(|error: String| anyhow!(error))?;
            verbs::telling(false, |progress| images.pull(&name, progress))
        }
        // Another refusal is `create`'s to make.
        _ => Ok(()),
    }
}

/// A request, on its image; pulled if it isn't here.
fn of_image(store: &StoreFlags, new: NewContainer) -> Result<NewContainer> {
    if new.image.is_empty() {
        return Ok(new);
    }
    let images = ImageStore::open(store)?;
    let found = match builtin::find(&images, &new.image) {
        Err(error) if error.to_string().contains("No such image") => {
            report(&anyhow!("unable to find image '{}' locally: it is pulled", new.image));
            let name: Reference = new.image.parse().map_err(|error: String| anyhow!(error))?;
            verbs::pull_telling(&images, &name, false)?
        }
        found => found?,
    };
    Ok(on_image(new, &found))
}

/// The finished tool's command line.
fn command() -> clap::Command {
    let about = "Containers and images, without a daemon or with the one that the docker command talks to";
    Cli::command().name("coracle").about(about).long_about(about)
}

/// The program, by its name.
pub fn main(name: &'static str) -> ExitCode {
    let parsed = Cli::command().name(name).try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help for a reader that went away is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 125 } else { 0 });
        }
    };
    let act = || match cli.command {
        None => crate::tour::tour(&cli.tour, &cli.store),
        Some(verb) => match cli.host.address() {
            None => verb.act(&cli.store),
            Some(host) => verb.ask(&cli.store, &host),
        },
    };
    ExitCode::from(act().unwrap_or_else(|error| report(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
