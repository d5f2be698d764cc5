//! The shim's own `main`.

use std::io;
use std::os::fd::AsFd;

use anyhow::{Context, Result};
use ch01_namespaces::explain::{self, Lane, Step, note};
use ch01_namespaces::link::Link;
use ch01_namespaces::{Failure, StoreFlags, close_above_stderr, own_binary};
use nix::unistd::{chdir, setsid};

use super::control::Control;
use super::ending::{Ending, FIRST_PAUSE, next_pause, rest};
use super::life::live;
use super::protocol::{Reply, Request};
use super::start::socket_path;
use crate::record::{Record, Records, Status};
use crate::{steps, sys};

/// Becomes the shim of a container. Its stdin is the link to the one who starts it, who with
/// `explain` wants to be told each step.
pub fn run(flags: &StoreFlags, id: &str, explain: bool) -> Result<u8> {
    if explain {
        tell_starter(Link::over(io::stdin().as_fd().try_clone_to_owned().context("there is no stdin")?));
    }
    // What the container's process runs until it becomes the command must not be a file that it can
    // overwrite.
    own_binary::protect()?;
    note(&steps::LEAVE_STARTER, "fork", Vec::new);
    let is_child = sys::fork()?;
    explain::narrate_to_nobody();
    if !is_child {
        // Our starter waits for this process only.
        return Ok(0);
    }
    // What our starter's caller had open (a locked file, a pipe that somebody reads to its end) would
    // stay open for the container's whole life.
    close_above_stderr().context("close_range")?;
    let link = sys::take_stdin()?;
    if explain {
        tell_starter(Link::over(link.try_clone().context("cannot duplicate a descriptor")?));
    }
    let link = Link::over(link);
    setsid().context("setsid")?;
    note(&steps::LEAVE_SESSION, "setsid", Vec::new);
    chdir("/").context("chdir")?;
    let null = std::fs::File::options().read(true).write(true).open("/dev/null").context("cannot open /dev/null")?;
    sys::replace(1, null.as_fd())?;
    sys::replace(2, null.as_fd())?;
    match serve(flags, id, &link) {
        Ok(()) => Ok(0),
        Err(error) => {
            let _ = link.send(&Reply::Failed(Failure::from_error(&error)), &[]);
            Ok(125)
        }
    }
}

/// Steps go to our starter, and we go on when it has told them. One that is gone listens to
/// nothing.
fn tell_starter(link: Link) {
    let send = move |step: &Step| {
        if link.send(&Reply::Step(step.clone()), &[]).is_ok() {
            let _ = link.receive::<Request>();
        }
    };
    explain::narrate_to(Lane::Shim, Box::new(send));
}

/// A life that its policy began could not be made: nobody hears of it but who looks at the record.
fn note_end(records: &Records, id: &str, error: &anyhow::Error) -> Result<()> {
    let failure = Failure::from_error(error);
    let noted = records.update(id, |record| {
        record.state.status = Status::Exited;
        record.state.error = failure.to_string();
        record.state.exit_code = failure.exit_code;
        record.state.finished_at = crate::now();
        record.state.pid = 0;
        record.state.shim = None;
    });
    noted.map(drop)
}

/// Life after life, as the policy says.
fn serve(flags: &StoreFlags, id: &str, link: &Link) -> Result<()> {
    let records = Records::open(flags)?;
    let read = || -> Result<Record> { records.read(id)?.with_context(|| format!("container {id} is gone")) };
    let mut control = Control::listen(&socket_path(flags.state_root(), id))?;
    let (mut starter, mut clients, mut pause) = (Some(link), Vec::new(), FIRST_PAUSE);
    loop {
        let is_first = starter.is_some();
        let attached = std::mem::take(&mut clients);
        match live(flags, &records, read()?, starter.take(), &mut control, attached) {
            Ok(Ending::Final) => return Ok(()),
            Err(error) => {
                if !is_first {
                    note_end(&records, id, &error)?;
                }
                return Err(error);
            }
            Ok(Ending::Again { lived, clients: still }) => {
                clients = still;
                pause = next_pause(pause, lived);
                if rest(flags, &records, id, &mut control, pause)? {
                    return Ok(());
                }
            }
        }
    }
}
