//! `run`.

use anyhow::{Result, bail};
use ch01_namespaces::{ExplainFlag, say};
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::attach::{DetachFlag, How, converse};
use super::create::{Create, make};
use super::no_terminal;
use crate::client::has_terminal;
use crate::detach_keys::DetachKeys;
use crate::engine::{Engine, NewContainer};

/// Run a command in a new container.
pub struct Run {
    detach: bool,
    sig_proxy: bool,
    keys: DetachKeys,
    explain: ExplainFlag,
    create: Create,
}

impl Args for Run {
    fn augment_args(command: Command) -> Command {
        ExplainFlag::augment_args(DetachFlag::augment_args(Create::augment_args(command)))
            .arg(clap::arg!(-d --detach "Run it in the background, and print its id"))
            .arg(clap::arg!(--"sig-proxy" <BOOL> "Whether to forward signals to the container").required(false))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Run {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let sig_proxy = matches.get_one::<String>("sig-proxy").is_none_or(|text| text != "false");
        let DetachFlag { keys } = DetachFlag::from_arg_matches(matches)?;
        let explain = ExplainFlag::from_arg_matches(matches)?;
        Ok(Run {
            detach: matches.get_flag("detach"),
            sig_proxy,
            keys,
            explain,
            create: Create::from_arg_matches(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Run {
    // ANCHOR: run
    /// `create`, `start`, and unless it is in the background an attached client in between: output is
    /// lost if nobody listens when the command begins.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        self.act_on(engine, Ok)
    }

    /// The same, of what `on_image` makes of the request.
    pub fn act_on(
        self,
        engine: &dyn Engine,
        on_image: impl FnOnce(NewContainer) -> Result<NewContainer>,
    ) -> Result<u8> {
        let (detach, sig_proxy, keys) = (self.detach, self.sig_proxy, self.keys);
        engine.narrate(&self.explain)?;
        let flags = &self.create.flags;
        if !detach && flags.tty && flags.interactive && !has_terminal() {
            bail!(no_terminal());
        }
        let (is_terminal, stdin, auto_remove) = (flags.tty, flags.interactive, flags.rm);
        let id = make(engine, on_image(self.create.request()?)?)?;
        let started = match detach {
            true => engine.start(&id).map(|()| None),
            false => engine.start_attached(&id, stdin, &keys).map(Some),
        };
        match started {
            Ok(Some(running)) => converse(engine, running, &How { is_terminal, stdin, keys, sig_proxy }),
            Ok(None) => {
                say!("{id}");
                Ok(0)
            }
            Err(error) => {
                if auto_remove {
                    let _ = engine.remove(&id, true, true);
                }
                Err(error)
            }
        }
    }
    // ANCHOR_END: run
}
