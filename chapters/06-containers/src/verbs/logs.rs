//! `logs`: what a container wrote.

use std::io::{self, Write};
use std::os::fd::AsFd;

use anyhow::{Context, Result};
use ch01_namespaces::StoreFlags;
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use clap::Args;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use crate::engine::Engine;
use crate::log::{Entry, LogOptions, LogReader};
use crate::parse_time;

/// Show what a container wrote: its stdout on stdout, its stderr on stderr.
#[derive(Args)]
pub struct Logs {
    /// Go on until the container ends.
    #[arg(short, long)]
    follow: bool,
    /// Nothing older: a time, or how long ago, such as 10m.
    #[arg(long, value_name = "TIME", value_parser = parse_time_argument)]
    since: Option<String>,
    /// Nothing newer.
    #[arg(long, value_name = "TIME", value_parser = parse_time_argument)]
    until: Option<String>,
    /// Only the last so many lines; `all` for all.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value = "all")]
    tail: String,
    /// With the time of each line.
    #[arg(short, long)]
    timestamps: bool,
    /// Its name, its id, or the beginning of its id.
    container: String,
}

fn parse_time_argument(text: &str) -> Result<String, String> {
    parse_time(text).map_err(|error| format!("{error:#}"))
}

impl Logs {
    /// Prints it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let engine = Engine::open(store)?;
        let record = engine.records().find(&self.container)?;
        let options = LogOptions {
            stdout: true,
            stderr: true,
            tail: self.tail.parse().ok(),
            since: self.since.clone(),
            until: self.until.clone(),
        };
        let mut reader = engine.logs(&record, options);
        let mut out = Printer { timestamps: self.timestamps, stdout: io::BufWriter::new(io::stdout().lock()) };
        if !self.follow {
            reader.history(|entry| out.print(&entry))?;
            return out.stdout.flush().map(|()| 0).context("cannot write");
        }
        // Watched first, read then: nothing that comes between is missed.
        let notify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).context("inotify")?;
        let directory = engine.records().directory(&record.id);
        notify.add_watch(&directory, AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE).context("inotify")?;
        let ended = engine.wait(&record)?;
        reader.history(|entry| out.print(&entry))?;
        follow(&mut reader, &mut out, &notify, ended.as_ref())?;
        Ok(0)
    }
}

fn follow(
    reader: &mut LogReader,
    out: &mut Printer<'_>,
    notify: &Inotify,
    ended: Option<&ch01_namespaces::link::Link>,
) -> Result<()> {
    let Some(ended) = ended else {
        return out.stdout.flush().context("cannot write");
    };
    loop {
        out.stdout.flush().context("cannot write")?;
        let has_ended = {
            let mut fds =
                [PollFd::new(ended.as_fd(), PollFlags::POLLIN), PollFd::new(notify.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, PollTimeout::NONE) {
                Err(nix::errno::Errno::EINTR) => continue,
                ready => ready.context("poll")?,
            };
            fds[0].any().unwrap_or(false)
        };
        let _ = notify.read_events();
        reader.news(|entry| out.print(&entry))?;
        if has_ended {
            return out.stdout.flush().context("cannot write");
        }
    }
}

struct Printer<'a> {
    timestamps: bool,
    stdout: io::BufWriter<io::StdoutLock<'a>>,
}

impl Printer<'_> {
    fn print(&mut self, entry: &Entry) -> Result<()> {
        let time = if self.timestamps { format!("{} ", entry.time) } else { String::new() };
        let line = format!("{time}{}", entry.log);
        if entry.stream == "stderr" {
            // In the order in which they were written.
            self.stdout.flush().and_then(|()| io::stderr().write_all(line.as_bytes())).context("cannot write")
        } else {
            self.stdout.write_all(line.as_bytes()).context("cannot write")
        }
    }
}
