//! One life of a container, from its layer to its exit status.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ch01_namespaces::link::Link;
use ch01_namespaces::{Container, Exit, Failure, RecordedProcess, StoreFlags};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use super::client::{Client, Input};
use super::control::{Control, Event};
use super::exec::Command;
use super::plan::design_of;
use super::protocol::{Reply, Request};
use super::session::{Ours, Streams, null};
use super::start::socket_path;
use crate::log::LogWriter;
use crate::record::{Record, Records, Status};
use crate::sys;

/// How a life ended.
pub enum Ending {
    /// Nobody starts it again.
    Final,
    /// Its policy does.
    Again {
        /// So long it lived.
        lived: Duration,
    },
}

/// Between two lives; doubled each time, up to a minute.
pub const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Who has lived so long may be started again at once.
const STEADY: Duration = Duration::from_secs(10);

/// The pause after a life.
pub fn next_pause(last: Duration, lived: Duration) -> Duration {
    if lived >= STEADY { FIRST_PAUSE * 2 } else { (last * 2).min(Duration::from_secs(60)) }
}

/// A container that lives, and everything about it.
pub(super) struct Life<'a> {
    pub flags: &'a StoreFlags,
    pub records: &'a Records,
    pub record: Record,
    pub container: Container,
    pub streams: Ours,
    pub clients: Vec<Client>,
    pub log: Option<LogWriter>,
    pub commands: Vec<Command>,
    pub was_stopped: bool,
}

/// Lives one life. `starter` is who asked for it: without one it is the policy.
pub fn live(flags: &StoreFlags, records: &Records, record: Record, starter: Option<&Link>) -> Result<Ending> {
    let begun = Instant::now();
    let mut control = Control::listen(&socket_path(flags.state_root(), &record.id))?;
    let (container, streams) = make(flags, &record)?;
    let log = LogWriter::open(&records.log_file(&record.id), record.host.log_max_size, record.host.log_max_file);
    let mut life = Life {
        flags,
        records,
        record,
        container,
        streams,
        clients: Vec::new(),
        log: Some(log.context("cannot open the container's log")?),
        commands: Vec::new(),
        was_stopped: false,
    };
    let started = match starter {
        Some(starter) => life.wait_at_gate(&mut control, starter),
        None => life.open_gate().map(|()| true),
    };
    match started {
        Ok(true) => {}
        Ok(false) => return life.container.remove().map(|()| Ending::Final),
        Err(error) => {
            let failure = Failure::of(&error);
            life.note_failure(&failure);
            let record = life.record.clone();
            life.container.remove()?;
            finish(flags, records, &record)?;
            return Err(failure.into());
        }
    }
    let exit = life.watch(&mut control)?;
    life.end(control, exit, begun.elapsed())
}

/// Makes the container, up to its start gate, with streams of its own.
fn make(flags: &StoreFlags, record: &Record) -> Result<(Container, Ours)> {
    let design = design_of(flags, record)?;
    let streams = if record.config.tty { Streams::of_terminal()? } else { Streams::pipes(record.config.open_stdin)? };
    // Its first process is born with our first three descriptors.
    for (number, fd) in streams.theirs.iter().enumerate() {
        sys::replace(number as i32, fd.as_fd())?;
    }
    drop(streams.theirs);
    let store = flags.open()?;
    let made = Container::create(&store, design.spec, design.mechanisms);
    let nothing = null()?;
    for number in 0..=2 {
        sys::replace(number, nothing.as_fd())?;
    }
    let mut container = made?;
    let mut ours = streams.ours;
    if record.config.tty {
        let terminal = container.take_fds().into_iter().next().context("the terminal did not arrive")?;
        ours.set_terminal(terminal)?;
    }
    Ok((container, ours))
}

impl Life<'_> {
    /// Until the starter says so; clients attach meanwhile. `false` when the starter went away.
    fn wait_at_gate(&mut self, control: &mut Control, starter: &Link) -> Result<bool> {
        starter.send(&Reply::Done, &[])?;
        loop {
            {
                let mut fds = vec![PollFd::new(starter.as_fd(), PollFlags::POLLIN)];
                fds.extend(control.interests().into_iter().map(|(fd, flags)| PollFd::new(fd, flags)));
                wait(&mut fds, PollTimeout::NONE)?;
                if fds[0].any().unwrap_or(false) {
                    let Some((Request::Start, _)) = starter.receive::<Request>()? else { return Ok(false) };
                    self.open_gate()?;
                    // Whoever started it may be gone: it runs all the same.
                    let _ = starter.send(&Reply::Done, &[]);
                    return Ok(true);
                }
            }
            self.serve(control);
        }
    }

    fn open_gate(&mut self) -> Result<()> {
        self.container.start()?;
        let (pid, shim) = (self.container.pid().as_raw(), RecordedProcess::of(Pid::this())?);
        self.record = self.records.update(&self.record.id, |record| {
            let state = &mut record.state;
            state.status = Status::Running;
            state.pid = pid;
            state.shim = Some(shim);
            state.error.clear();
            state.exit_code = 0;
            state.oom_killed = false;
            state.was_stopped = false;
            state.started_at = crate::now();
        })?;
        Ok(())
    }

    // ANCHOR: watch
    /// The loop: one poll(2) for the container's end, its streams, clients, commands, and who asks
    /// something.
    fn watch(&mut self, control: &mut Control) -> Result<Exit> {
        loop {
            let has_ended = {
                let wants_input = self.streams.wants_input();
                let mut fds = vec![PollFd::new(self.container.pidfd(), PollFlags::POLLIN)];
                let streams = self.streams.interests().into_iter();
                let clients = self.clients.iter().map(|client| client.interest(wants_input));
                let commands = self.commands.iter().flat_map(Command::interests);
                let all = streams.chain(clients).chain(commands).chain(control.interests());
                fds.extend(all.map(|(fd, flags)| PollFd::new(fd, flags)));
                wait(&mut fds, PollTimeout::NONE)?;
                fds[0].any().unwrap_or(false)
            };
            self.carry();
            self.serve(control);
            if has_ended {
                // What it wrote last may still be in the pipes.
                while self.streams.pump(self.log.as_mut(), &mut self.clients) {}
                return self.container.reap();
            }
        }
    }
    // ANCHOR_END: watch

    /// Bytes in all directions.
    fn carry(&mut self) {
        self.streams.pump(self.log.as_mut(), &mut self.clients);
        self.streams.write();
        carry_clients(&mut self.clients, &mut self.streams, self.record.config.stdin_once);
        for command in &mut self.commands {
            command.carry();
        }
        self.commands.retain(|command| !command.is_forgotten());
    }

    /// Requests.
    fn serve(&mut self, control: &mut Control) {
        for event in control.events() {
            let Event { connection, request, fds } = event;
            match self.answer(request, fds) {
                Ok(Some(reply)) => control.reply(connection, &reply),
                // It waits.
                Ok(None) => {}
                Err(error) => control.reply(connection, &Reply::Failed(Failure::of(&error))),
            }
        }
        for command in self.commands.iter().filter(|command| command.exit.is_some()) {
            control.notify_exec(&command.id, command.state());
        }
    }

    fn answer(&mut self, request: Request, fds: Vec<OwnedFd>) -> Result<Option<Reply>> {
        match request {
            Request::Attach { stdin, stdout, stderr, early } => {
                let socket = fds.into_iter().next().context("no socket came along")?;
                if stdin {
                    self.streams.input(&early);
                }
                self.clients.push(Client::new(socket, stdin, stdout, stderr));
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

    fn commands_state(&self, id: &str) -> super::protocol::ExecState {
        self.commands
            .iter()
            .find(|command| command.id == id)
            .map(Command::state)
            .unwrap_or(super::protocol::ExecState { pid: 0, exit_code: Some(255) })
    }

    fn note_failure(&mut self, failure: &Failure) {
        let text = failure.to_string();
        let _ = self.records.update(&self.record.id, |record| {
            record.state.status = if record.state.started_at.is_empty() { Status::Created } else { Status::Exited };
            record.state.error = text;
            record.state.exit_code = failure.exit_code;
            record.state.finished_at = crate::now();
            record.state.pid = 0;
            record.state.shim = None;
        });
    }

    /// The end: log, clients, record, in this order; whoever waits hears of it when it is on disk.
    fn end(mut self, mut control: Control, exit: Exit, lived: Duration) -> Result<Ending> {
        if let Some(log) = &mut self.log {
            log.finish();
        }
        self.commands.iter_mut().for_each(Command::end);
        let code = exit.code();
        let oom_killed = crate::verbs::oom_killed(self.container.directory());
        let restarts = self.record.state.restart_count;
        let again = self.record.host.restart.again(code, restarts, self.was_stopped);
        let was_stopped = self.was_stopped;
        let (flags, records, id) = (self.flags, self.records, self.record.id.clone());
        self.container.remove()?;
        let changed = records.update(&id, |record| {
            let state = &mut record.state;
            state.status = if again { Status::Restarting } else { Status::Exited };
            state.pid = 0;
            state.exit_code = code;
            state.oom_killed = oom_killed;
            state.finished_at = crate::now();
            state.was_stopped = was_stopped;
            if again {
                state.restart_count += 1;
            } else {
                state.shim = None;
            }
        });
        self.clients.extend(self.commands.into_iter().flat_map(Command::into_clients));
        flush(self.clients);
        // A disk that is full: who waits hears the status all the same.
        let record = changed.unwrap_or(self.record);
        if !again {
            finish(flags, records, &record)?;
        }
        control.notify_end(code, !again);
        Ok(if again { Ending::Again { lived } } else { Ending::Final })
    }
}

/// After the last life: a container that is to be removed goes.
fn finish(flags: &StoreFlags, records: &Records, record: &Record) -> Result<()> {
    let _ = fs::remove_file(socket_path(flags.state_root(), &record.id));
    if record.host.auto_remove {
        crate::engine::remove_record(flags, records, record, true)?;
    }
    Ok(())
}

/// Clients' input, and output that waits for them.
pub(super) fn carry_clients(clients: &mut Vec<Client>, streams: &mut Ours, ends_with_first: bool) {
    for client in clients.iter_mut() {
        client.flush();
        while client.has_input() && streams.wants_input() {
            match client.input() {
                Input::Nothing => break,
                Input::Bytes(bytes) => streams.input(&bytes),
                Input::End => {
                    if ends_with_first {
                        streams.end_input();
                    }
                }
            }
        }
    }
    clients.retain(|client| !client.is_gone());
}

/// Gives clients what is theirs; one that takes nothing is left.
fn flush(mut clients: Vec<Client>) {
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end && clients.iter().any(|client| !client.is_done()) {
        {
            let mut fds: Vec<PollFd> = clients
                .iter()
                .filter(|client| !client.is_done())
                .map(|client| client.interest(false))
                .map(|(fd, flags)| PollFd::new(fd, flags))
                .collect();
            let _ = wait(&mut fds, PollTimeout::from(1000u16));
        }
        clients.iter_mut().for_each(Client::flush);
    }
    clients.into_iter().for_each(Client::close);
}

/// Rests between two lives. `true` when somebody stopped it meanwhile.
pub fn rest(flags: &StoreFlags, records: &Records, id: &str, pause: Duration) -> Result<bool> {
    let end = Instant::now() + pause;
    let mut control = Control::listen(&socket_path(flags.state_root(), id))?;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        {
            let mut fds: Vec<PollFd> =
                control.interests().into_iter().map(|(fd, flags)| PollFd::new(fd, flags)).collect();
            wait(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX))?;
        }
        for Event { connection, request, .. } in control.events() {
            match request {
                Request::Signal { .. } => {
                    let record = records.update(id, |record| {
                        record.state.status = Status::Exited;
                        record.state.was_stopped = true;
                        record.state.shim = None;
                    })?;
                    control.reply(connection, &Reply::Done);
                    finish(flags, records, &record)?;
                    control.notify_end(record.state.exit_code, true);
                    return Ok(true);
                }
                Request::Wait => {}
                _ => {
                    let failure = Failure::new(125, "the container is restarting");
                    control.reply(connection, &Reply::Failed(failure));
                }
            }
        }
    }
}

/// poll(2), begun anew when a signal comes.
pub(super) fn wait(fds: &mut [PollFd], timeout: PollTimeout) -> Result<()> {
    loop {
        match poll(fds, timeout) {
            Err(nix::errno::Errno::EINTR) => {}
            ready => return ready.map(drop).context("poll"),
        }
    }
}
