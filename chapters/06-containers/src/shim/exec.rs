//! Commands in a container that runs: started by its shim, which keeps their exit statuses for who
//! asks later.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Exec, Exit, Handover, Inside, Mechanism, Running, Stage, Target, reap};
use ch02_rootfs::mechanisms::WorkingDirectory;
use ch03_cgroups::cgroup::Cgroup;
use ch03_cgroups::controller::Version;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::client::Client;
use super::life::{Life, carry_clients};
use super::plan::{environment, flags_of, working_directory};
use super::protocol::{Attach, ExecRequest, ExecState};
use super::session::{Ours, Streams, null, patience};
use crate::record::write_exit;
use crate::sys;
use crate::terminal::Console;

/// So long the status of one that has ended is kept.
const KEPT: Duration = Duration::from_secs(300);

/// One command.
pub struct Command {
    /// Its id.
    pub id: String,
    running: Running,
    streams: Ours,
    clients: Vec<Client>,
    /// Where its exit status is kept, if somebody has noted it.
    exit_file: Option<PathBuf>,
    /// When it has ended, and how.
    pub exit: Option<(Exit, Instant)>,
}

impl Command {
    // ANCHOR: start
    /// Starts it: in the container's namespaces and cgroups, with the same powers.
    pub(super) fn start(life: &Life, request: ExecRequest, socket: Option<OwnedFd>) -> Result<Command> {
        if request.command.is_empty() {
            bail!("no command was given");
        }
        let record = &life.record;
        let target = Target::process(life.container.pid().as_raw())?;
        let wishes = flags_of(record)?;
        let env = wishes.environment(&record.config)?;
        let mut env = environment(&env, &request.env);
        if request.tty && !env.iter().any(|(name, _)| name == "TERM") {
            env.push(("TERM".into(), "xterm".into()));
        }
        let command = request.command.iter().map(Into::into).collect();
        // ANCHOR: mechanisms
        let (cgroup, entrances) = cgroups_of(life)?;
        let mut mechanisms: Vec<Box<dyn Mechanism>> = vec![Box::new(JoinCgroups(entrances))];
        if request.tty {
            mechanisms.push(Box::new(Console { size: request.size, is_first: false }));
        }
        mechanisms.push(Box::new(WorkingDirectory::new(working_directory(&request.working_dir, &record.config))?));
        mechanisms.extend(wishes.powers(&record.config, &request)?);
        // ANCHOR_END: mechanisms
        let streams = if request.tty { Streams::of_terminal()? } else { Streams::pipes(request.stdin)? };
        for (number, fd) in streams.theirs.iter().enumerate() {
            sys::replace(number as i32, fd.as_fd())?;
        }
        drop(streams.theirs);
        let exec = Exec { target, inside: Inside::new(command, env, false), mechanisms, cgroup };
        let started = exec.start();
        let nothing = null()?;
        for number in 0..=2 {
            sys::replace(number, nothing.as_fd())?;
        }
        let mut running = started?;
        let mut ours = streams.ours;
        if request.tty {
            let terminal = std::mem::take(&mut running.from_inside).into_iter().next();
            ours.set_terminal(terminal.context("the terminal did not arrive")?)?;
        }
        if request.stdin {
            ours.input(&request.early);
        }
        let wanted = Attach { detach_keys: request.detach_keys, ..Attach::output_and(request.stdin) };
        let clients = socket.map(|socket| Client::new(socket, wanted)).into_iter().collect();
        let exit_file = life.records.exec_exit_file(&record.id, &request.id);
        Ok(Command { id: request.id, running, streams: ours, clients, exit_file, exit: None })
    }
    // ANCHOR_END: start

    /// What to wait for.
    pub fn interests(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let wants_input = self.streams.wants_input();
        let end = self.exit.is_none().then(|| (self.running.pidfd.as_fd(), PollFlags::POLLIN));
        let clients = self.clients.iter().map(|client| client.interest(wants_input));
        let outputs = self.streams.interests(self.patience().is_some());
        end.into_iter().chain(outputs).chain(clients).collect()
    }

    /// How long its clients may hold up its output; `None` if none does.
    pub fn patience(&self) -> Option<Duration> {
        patience(&self.clients)
    }

    /// Bytes in all directions, and its end.
    pub fn carry(&mut self) {
        self.streams.take_output(None, &mut self.clients);
        self.streams.write();
        carry_clients(&mut self.clients, &mut self.streams, true);
        if self.exit.is_none() && self.has_ended() {
            self.end();
        }
        if self.exit.is_some() {
            // Who has everything sees the end.
            let (done, waiting): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.clients).into_iter().partition(Client::is_done);
            self.clients = waiting;
            done.into_iter().for_each(Client::close);
        }
    }

    fn has_ended(&self) -> bool {
        let mut fds = [PollFd::new(self.running.pidfd.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// Takes its exit status. (When the container has ended, all its commands have.)
    pub fn end(&mut self) {
        if self.exit.is_some() {
            return;
        }
        while self.streams.pump(None, &mut self.clients) {}
        let exit = reap(self.running.pidfd.as_fd()).unwrap_or(Exit::Killed(9));
        self.exit = Some((exit, Instant::now()));
        // Before its clients see the end: they ask for the status then.
        if let Some(file) = &self.exit_file {
            write_exit(file, exit.code());
        }
    }

    /// What became of it.
    pub fn state(&self) -> ExecState {
        ExecState { pid: self.running.pid.as_raw(), exit_code: self.exit.map(|(exit, _)| exit.code()) }
    }

    /// Whether nobody will ask any more.
    pub fn is_forgotten(&self) -> bool {
        self.exit.is_some_and(|(_, when)| when.elapsed() > KEPT) && self.clients.is_empty()
    }

    /// Sets the size of its terminal.
    pub fn resize(&self, columns: u16, rows: u16) -> Result<()> {
        crate::terminal::resize(self.streams.terminal().context("the command has no terminal")?, columns, rows)
    }

    /// Those who still listen.
    pub fn into_clients(self) -> Vec<Client> {
        self.clients
    }
}

type Entrances = Vec<(PathBuf, File)>;

/// The container's cgroups: the v2 one to be born in, and v1's files to be written to from inside.
fn cgroups_of(life: &Life) -> Result<(Option<OwnedFd>, Entrances)> {
    let Some(cgroup) = Cgroup::read(life.container.directory())? else { return Ok((None, Vec::new())) };
    let cgroup = cgroup.where_it_is(life.container.pid().as_raw())?;
    let (mut born, mut entrances) = (None, Vec::new());
    for part in &cgroup.parts {
        match part.version {
            Version::V2 => {
                born = Some(File::open(&part.directory).context("cannot open the container's cgroup")?.into())
            }
            Version::V1 => entrances.push((part.directory.clone(), part.entrance()?)),
        }
    }
    Ok((born, entrances))
}

/// Moves the process that is in it into the container's v1 cgroups.
struct JoinCgroups(Entrances);

impl Mechanism for JoinCgroups {
    fn name(&self) -> &'static str {
        "cgroups"
    }

    fn stage(&self) -> Stage {
        Stage::Limits
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        self.0.iter().try_for_each(|(path, tasks)| {
            nix::unistd::write(tasks, b"0").map(drop).with_context(|| format!("cannot join {}", path.display()))
        })
    }
}
