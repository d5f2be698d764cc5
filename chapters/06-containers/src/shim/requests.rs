//! What a shim answers while its container lives.

use std::os::fd::OwnedFd;

use anyhow::{Context, Result};
use ch01_namespaces::Failure;

use super::client::Client;
use super::control::{Control, Event};
use super::exec::Command;
use super::life::Life;
use super::protocol::{ExecState, Reply, Request};

impl Life<'_> {
    /// Requests.
    pub(super) fn serve(&mut self, control: &mut Control) {
        for event in control.events() {
            let Event { connection, request, fds } = event;
            match self.answer(request, fds) {
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

    fn answer(&mut self, request: Request, fds: Vec<OwnedFd>) -> Result<Option<Reply>> {
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
                self.was_stopped |= is_stop;
                ch01_namespaces::signal(self.container.pidfd(), signal)?;
                Ok(Some(Reply::Done))
            }
            Request::Wait => Ok(None),
            Request::Exec(request) => {
                let command = Command::start(self, request, fds.into_iter().next())?;
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
