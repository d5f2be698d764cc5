//! The end of a life, and what comes after it.

use std::time::{Duration, Instant};

use anyhow::Result;
use ch01_namespaces::{Exit, Failure, StoreFlags};
use nix::poll::{PollFd, PollTimeout};

use super::client::Client;
use super::control::{Control, Event};
use super::exec::Command;
use super::life::{Life, wait};
use super::protocol::{Reply, Request};
use crate::record::{Record, Records, Status};

/// How a life ended.
pub enum Ending {
    /// Nobody starts it again.
    Final,
    /// Its policy does.
    Again {
        /// So long it lived.
        lived: Duration,
        /// Who was attached, and still is.
        clients: Vec<Client>,
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

impl Life<'_> {
    pub(super) fn note_failure(&mut self, failure: &Failure) {
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

    /// The end: log, record, clients, in this order; whoever waits hears of it when it is on disk.
    pub(super) fn end(mut self, control: &mut Control, exit: Exit, lived: Duration) -> Result<Ending> {
        if let Some(log) = &mut self.log {
            log.finish();
        }
        self.commands.iter_mut().for_each(Command::end);
        let code = exit.code();
        let oom_killed = crate::verbs::oom_killed(self.container.directory());
        let restarts = self.record.state.restart_count;
        let again = self.record.host.restart.again(code, restarts, self.was_stopped);
        let (was_stopped, stopped_by) = (self.was_stopped, self.stopped_by);
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
            state.stopped_by = stopped_by;
            if again {
                state.restart_count += 1;
            } else {
                state.shim = None;
                // Under the lock: the next shim listens at the same path, and can't be there yet.
                control.close();
            }
        });
        let of_commands: Vec<Client> = self.commands.into_iter().flat_map(Command::into_clients).collect();
        if again {
            // Who is attached sees the next life, too.
            flush(of_commands);
            return Ok(Ending::Again { lived, clients: self.clients });
        }
        // A disk that is full: who waits hears the status all the same.
        finish(flags, records, &changed.unwrap_or(self.record))?;
        control.notify_end(code);
        self.clients.extend(of_commands);
        flush(self.clients);
        Ok(Ending::Final)
    }
}

/// After the last life: a container that is to be removed goes.
pub(super) fn finish(flags: &StoreFlags, records: &Records, record: &Record) -> Result<()> {
    if record.host.auto_remove {
        crate::engine::remove_record(flags, records, record, true)?;
    }
    Ok(())
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
pub fn rest(flags: &StoreFlags, records: &Records, id: &str, control: &mut Control, pause: Duration) -> Result<bool> {
    let end = Instant::now() + pause;
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
                Request::Signal { signal, .. } => {
                    let record = records.update(id, |record| {
                        record.state.status = Status::Exited;
                        record.state.was_stopped = true;
                        record.state.stopped_by = signal;
                        record.state.shim = None;
                        control.close();
                    })?;
                    control.reply(connection, &Reply::Done);
                    finish(flags, records, &record)?;
                    control.notify_end(record.state.exit_code);
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
