//! What a shim answers while its container lives.

use std::os::fd::OwnedFd;

use anyhow::{Context, Result};
use ch01_namespaces::Failure;
use ch01_namespaces::explain::{self, Lane};
use ch01_namespaces::link::Link;

use super::client::Client;
use super::control::{Control, Event};
use super::exec::Command;
use super::life::Life;
use super::protocol::{ExecState, Reply, Request};

/// Does something, and tells its steps to the one who asked: without waiting for a client that
/// doesn't listen. (They are few, and fit into a socket's buffer.)
fn telling<T>(to: Link, act: impl FnOnce() -> T) -> T {
    explain::narrate_to(Lane::Shim, Box::new(move |step| drop(to.send(&Reply::Step(step.clone()), &[]))));
    let done = act();
    explain::narrate_to_nobody();
    done
}

impl Life<'_> {
    /// Requests.
    pub(super) fn serve(&mut self, control: &mut Control) {
        for event in control.events() {
            let Event { connection, request, fds } = event;
            match self.answer(request, fds, || control.link(connection)) {
                Ok(Some(reply)) => control.reply(connection, &reply),
                // It waits.
                Ok(None) => {}
                Err(error) => control.reply(connection, &Reply::Failed(Failure::from_error(&error))),
            }
        }
        for command in self.commands.iter().filter(|command| command.exit.is_some()) {
            control.notify_exec(&command.id, command.state());
        }
    }

    fn answer(
        &mut self,
        request: Request,
        fds: Vec<OwnedFd>,
        asker: impl FnOnce() -> Option<Link>,
    ) -> Result<Option<Reply>> {
        match request {
            Request::Attach(wanted) => {
                let socket = fds.into_iter().next().context("internal error: no socket was passed")?;
                if wanted.stdin {
                    self.streams.input(&wanted.early);
                }
                self.clients.push(Client::new(socket, wanted));
                Ok(Some(Reply::Done))
            }
            Request::Signal { signal, is_stop } => {
                if is_stop && !self.was_stopped {
                    self.stopped_by = signal;
                }
                self.was_stopped |= is_stop;
                ch01_namespaces::signal(self.container.pidfd(), signal)?;
                Ok(Some(Reply::Done))
            }
            Request::Wait => Ok(None),
            Request::Exec(request) => {
                let listener = if request.explain { asker() } else { None };
                let start = || Command::start(self, request, fds.into_iter().next());
                let command = match listener {
                    Some(link) => telling(link, start),
                    None => start(),
                }?;
                let state = command.state();
                self.commands.push(command);
                Ok(Some(Reply::Exec(state)))
            }
            Request::ExecState(id) => Ok(Some(Reply::Exec(self.command(&id)?.state()))),
            Request::ExecWait(id) => Ok(self.command(&id)?.exit.map(|_| Reply::Exec(self.commands_state(&id)))),
            Request::Resize { exec: None, columns, rows } => {
                let terminal = self.streams.terminal().context("the container has no terminal")?;
                crate::terminal::resize(terminal, columns, rows).map(|()| Some(Reply::Done))
            }
            Request::Resize { exec: Some(id), columns, rows } => {
                self.command(&id)?.resize(columns, rows).map(|()| Some(Reply::Done))
            }
            // Nobody has waited for it.
            Request::Told => Ok(None),
            Request::Start => anyhow::bail!("the container runs already"),
        }
    }

    fn command(&self, id: &str) -> Result<&Command> {
        self.commands.iter().find(|command| command.id == id).with_context(|| format!("No such exec instance: {id}"))
    }

    fn commands_state(&self, id: &str) -> ExecState {
        self.commands
            .iter()
            .find(|command| command.id == id)
            .map(Command::state)
            .unwrap_or(ExecState { pid: 0, exit_code: Some(255) })
    }
}
