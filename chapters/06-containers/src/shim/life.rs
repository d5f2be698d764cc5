//! One life of a container, from its layer to its exit status.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ch01_namespaces::explain::{self, note};
use ch01_namespaces::link::Link;
use ch01_namespaces::{Container, Exit, Failure, RecordedProcess, StoreFlags};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use super::client::{Client, Input};
use super::control::Control;
use super::ending::{Ending, finish};
use super::exec::Command;
use super::plan::design_of;
use super::protocol::{Reply, Request};
use super::session::{Ours, Streams, null, patience};
use crate::log::LogWriter;
use crate::record::{Record, Records, Status};
use crate::{steps, sys};

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
    pub stopped_by: i32,
}

/// Lives one life. `starter` is who asked for it: without one it is the policy.
pub fn live(
    flags: &StoreFlags,
    records: &Records,
    record: Record,
    starter: Option<&Link>,
    control: &mut Control,
    clients: Vec<Client>,
) -> Result<Ending> {
    let begun = Instant::now();
    let (container, streams) = make(flags, &record)?;
    let log = LogWriter::open(&records.log_file(&record.id), record.host.log_max_size, record.host.log_max_file);
    note(&steps::OPEN_LOG, "open", || vec![records.log_file(&record.id).display().to_string()]);
    let mut life = Life {
        flags,
        records,
        record,
        container,
        streams,
        clients,
        log: Some(log.context("cannot open the container's log")?),
        commands: Vec::new(),
        was_stopped: false,
        stopped_by: 0,
    };
    let started = match starter {
        Some(starter) => life.wait_at_gate(control, starter),
        None => life.open_gate().map(|()| true),
    };
    match started {
        Ok(true) => {}
        Ok(false) => {
            control.close();
            return life.container.remove().map(|()| Ending::Final);
        }
        Err(error) => {
            let failure = Failure::from_error(&error);
            life.note_failure(&failure);
            let record = life.record.clone();
            control.close();
            life.container.remove()?;
            finish(flags, records, &record)?;
            return Err(failure.into());
        }
    }
    explain::narrate_to_nobody();
    // From here on it mostly waits; a machine may have hundreds of shims.
    sys::give_back_free_memory();
    let exit = life.watch(control)?;
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
        note(&steps::READY, "sendmsg", || vec!["DONE".into()]);
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
            // Our starter waits for nobody's steps now.
            explain::quietly(|| self.serve(control));
        }
    }

    fn open_gate(&mut self) -> Result<()> {
        self.container.start()?;
        let (pid, shim) = (self.container.pid().as_raw(), RecordedProcess::from_pid(Pid::this())?);
        self.record = self.records.update(&self.record.id, |record| {
            let state = &mut record.state;
            state.life_before = state.end();
            state.status = Status::Running;
            state.pid = pid;
            state.shim = Some(shim);
            state.error.clear();
            state.exit_code = 0;
            state.oom_killed = false;
            state.was_stopped = false;
            state.stopped_by = 0;
            state.started_at = crate::now();
        })?;
        Ok(())
    }

    // ANCHOR: watch
    /// The event loop: one poll(2) for the container's end, its streams, clients, exec'd commands and
    /// requests.
    fn watch(&mut self, control: &mut Control) -> Result<Exit> {
        loop {
            let has_ended = {
                let wants_input = self.streams.wants_input();
                let mut fds = vec![PollFd::new(self.container.pidfd(), PollFlags::POLLIN)];
                let held_up = patience(&self.clients);
                let streams = self.streams.interests(held_up.is_some()).into_iter();
                let clients = self.clients.iter().map(|client| client.interest(wants_input));
                let commands = self.commands.iter().flat_map(Command::interests);
                let all = streams.chain(clients).chain(commands).chain(control.interests());
                fds.extend(all.map(|(fd, flags)| PollFd::new(fd, flags)));
                let left = self.commands.iter().filter_map(Command::patience).chain(held_up).min();
                wait(&mut fds, left.map_or(PollTimeout::NONE, milliseconds))?;
                fds[0].any().unwrap_or(false)
            };
            self.carry();
            self.serve(control);
            if has_ended {
                // The container's last output may still be in the pipes.
                while self.streams.pump(self.log.as_mut(), &mut self.clients) {}
                return self.container.reap();
            }
        }
    }
    // ANCHOR_END: watch

    /// Bytes in all directions.
    fn carry(&mut self) {
        self.streams.take_output(self.log.as_mut(), &mut self.clients);
        self.streams.write();
        carry_clients(&mut self.clients, &mut self.streams, self.record.config.stdin_once);
        for command in &mut self.commands {
            command.carry();
        }
        self.commands.retain(|command| !command.is_forgotten());
    }
}

/// Clients' input, and output that waits for them.
pub(super) fn carry_clients(clients: &mut Vec<Client>, streams: &mut Ours, ends_with_first: bool) {
    for client in clients.iter_mut() {
        client.flush();
        // What it said before it went away is still taken. It is not more than a socket holds.
        let hung_up = client.has_hung_up();
        while client.has_input() && (streams.wants_input() || hung_up) {
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
        if hung_up {
            client.forget();
        }
    }
    // One that was disconnected has no more to say, either: a command that reads would wait for ever.
    if ends_with_first && clients.iter().any(Client::was_cut_off) {
        streams.end_input();
    }
    clients.retain(|client| !client.is_gone());
}

/// Rounded up, or the last millisecond would be waited for by turning in a circle.
fn milliseconds(left: Duration) -> PollTimeout {
    PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
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
