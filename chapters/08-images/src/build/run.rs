//! RUN: a container of the image so far; what it changed is the next layer.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result};
use ch01_namespaces::{Failure, RecordedProcess};
use ch04_unionfs::digest::ChainId;
use ch06_containers::engine::{Local, NewContainer};
use ch06_containers::record::{Config, HostConfig};
use ch06_containers::shim::Attach;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::getpid;

use super::Output;
use crate::layout::{Copied, ImageStore};
use crate::transfer::changes_of;

/// A container that goes away with this value.
struct Temporary<'a> {
    engine: &'a Local,
    id: String,
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.engine.remove(&self.id, true, true) {
            ch01_namespaces::report(&error.context("the step's container could not be removed"));
        }
    }
}

// ANCHOR: run
/// Runs a command, and gives what it changed as a layer.
pub fn run(
    engine: &Local,
    images: &ImageStore,
    on: ChainId,
    config: Config,
    more: &[String],
    output: &mut Output<'_>,
) -> Result<Copied> {
    let mut flags: Vec<String> = config.env.iter().map(|entry| format!("--env={entry}")).collect();
    if !config.working_dir.is_empty() {
        flags.push(format!("--workdir={}", config.working_dir));
    }
    flags.extend(more.iter().cloned());
    let command = config.command();
    // Were we killed, the next build knows that nobody wants this container any more.
    let host = HostConfig { made_for: Some(RecordedProcess::from_pid(getpid())?), ..HostConfig::default() };
    let new = NewContainer { image: "build".into(), layer: Some(on), config, flags, host, ..NewContainer::default() };
    let container = Temporary { engine, id: engine.create(new)?.id };
    output(&format!(" ---> Running in {}\n", &container.id[..12]))?;
    let record = engine.records().find(&container.id)?;
    let gate = engine.prepare_start(&record.id)?.context("the step's container runs already")?;
    let (ours, theirs) = UnixStream::pair().context("cannot make a pair of sockets")?;
    engine.attach(&record, theirs.into(), Attach::output_and(false))?;
    // Asked before it runs: what ends at once could no longer tell.
    let waiting = engine.wait_for_end(&record)?;
    gate.open_gate()?;
    pass_on(ours, output)?;
    let code = engine.waited(Some(&waiting), &record.id)?;
    if code != 0 {
        let message = format!("The command '{}' returned a non-zero code: {code}", command.join(" "));
        return Err(Failure::new(code, message).into());
    }
    let copied = changes_of(images, &record.id)?;
    output(&format!(" ---> Removed intermediate container {}\n", &container.id[..12]))?;
    Ok(copied)
}
// ANCHOR_END: run

/// What the command writes, unframed: see chapter 7's frames. While it writes nothing, this
/// checks now and then whether the client is still there. Without a client, the step ends.
fn pass_on(mut stream: UnixStream, output: &mut Output<'_>) -> Result<()> {
    let mut head = [0; 8];
    loop {
        let mut waiting = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, PollTimeout::from(1000u16)) {
            Err(Errno::EINTR) => continue,
            Ok(0) => {
                output("")?;
                continue;
            }
            polled => polled.context("cannot wait for what the step writes")?,
        };
        match stream.read_exact(&mut head) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read.context("cannot read what the step writes")?,
        }
        let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        let mut text = Vec::new();
        (&mut stream).take(length.into()).read_to_end(&mut text)?;
        output(&String::from_utf8_lossy(&text))?;
    }
}
