//! What a container wrote.

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};

use bytes::Bytes;
use ch06_containers::engine::Local;
use ch06_containers::log::{Entry, LogOptions};
use ch06_containers::parse_time;
use ch06_containers::record::Record;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use tokio::sync::mpsc::Sender;

use crate::api::body::channel;
use crate::api::error::{Answer, ApiError};
use crate::api::router::Call;
use crate::api::system::{blocking, blocking_on};
use crate::daemon::{Daemon, Readable};

/// In frames, or raw from a terminal; on and on, if that is asked for.
pub async fn logs(daemon: Daemon, name: String, call: Call) -> Answer {
    let query = &call.query;
    let (stdout, stderr) = (query.flag("stdout"), query.flag("stderr"));
    if !stdout && !stderr {
        return Err(ApiError::bad("Bad parameters: you must choose at least one stream"));
    }
    let time = |name: &str| match query.get(name) {
        None | Some("0") => Ok(None),
        Some(text) => parse_time(text).map(Some).map_err(|error| ApiError::bad(error.to_string())),
    };
    let tail = query.get("tail").and_then(|text| text.parse().ok());
    let options = LogOptions { stdout, stderr, tail, since: time("since")?, until: time("until")? };
    let (follow, timestamps) = (query.flag("follow"), query.flag("timestamps"));
    let engine = daemon.engine.clone();
    let record = blocking(move || engine.records().find(&name)).await?;
    let content = if record.config.tty {
        "application/vnd.docker.raw-stream"
    } else {
        "application/vnd.docker.multiplexed-stream"
    };
    let (sender, response) = channel(content);
    let engine = daemon.engine.clone();
    if follow && record.state.is_active() {
        tokio::spawn(async move { drop(stream(daemon, record, options, timestamps, sender).await) });
    } else {
        tokio::task::spawn_blocking(move || history(&engine, &record, options, timestamps, &sender));
    }
    Ok(response)
}

/// Adds an entry as the client reads it: on a terminal the bytes alone, else with a head of eight
/// bytes that says which stream and how many.
fn add_frame(gathered: &mut Vec<u8>, entry: &Entry, is_terminal: bool, timestamps: bool) {
    let time = if timestamps { format!("{} ", entry.time) } else { String::new() };
    if !is_terminal {
        let stream = if entry.stream == "stderr" { 2 } else { 1 };
        gathered.extend_from_slice(&[stream, 0, 0, 0]);
        gathered.extend_from_slice(&((time.len() + entry.log.len()) as u32).to_be_bytes());
    }
    gathered.extend_from_slice(time.as_bytes());
    gathered.extend_from_slice(entry.log.as_bytes());
}

/// Frames are gathered: a line alone would be a chunk of its own.
const GATHERED: usize = 64 * 1024;

fn history(
    engine: &Local,
    record: &Record,
    options: LogOptions,
    timestamps: bool,
    sender: &Sender<Bytes>,
) -> anyhow::Result<()> {
    let mut gathered = Vec::new();
    engine.logs(record, options).history(|entry| {
        add_frame(&mut gathered, &entry, record.config.tty, timestamps);
        if gathered.len() > GATHERED {
            sender.blocking_send(std::mem::take(&mut gathered).into())?;
        }
        Ok(())
    })?;
    sender.blocking_send(gathered.into())?;
    Ok(())
}

/// As it grows. The log is watched first and read then, so that nothing is missed between.
async fn stream(
    daemon: Daemon,
    record: Record,
    options: LogOptions,
    timestamps: bool,
    sender: Sender<Bytes>,
) -> anyhow::Result<()> {
    let notify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
    let flags = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_DELETE_SELF;
    notify.add_watch(&daemon.engine.records().directory(&record.id), flags)?;
    let watched = Readable::watch(notify.as_fd().try_clone_to_owned()?)?;
    let engine = daemon.engine.clone();
    let again = record.clone();
    let ended = blocking_on(&daemon, &record.id, move || engine.wait(&again))
        .await
        .map_err(|error| anyhow::anyhow!(error.message))?;
    let ended = match ended {
        Some(link) => Some(Readable::watch(OwnedFd::from(link))?),
        None => None,
    };
    let is_terminal = record.config.tty;
    let mut reader = daemon.engine.logs(&record, options);
    let mut is_first = true;
    loop {
        let out = sender.clone();
        reader = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
            let mut gathered = Vec::new();
            let mut take = |entry: Entry| {
                add_frame(&mut gathered, &entry, is_terminal, timestamps);
                if gathered.len() > GATHERED {
                    out.blocking_send(std::mem::take(&mut gathered).into())?;
                }
                Ok(())
            };
            if is_first {
                reader.history(&mut take)?
            } else {
                reader.news(&mut take)?
            }
            if !gathered.is_empty() || is_first {
                out.blocking_send(gathered.into())?;
            }
            Ok(reader)
        })
        .await??;
        is_first = false;
        let Some(end) = &ended else { return Ok(()) };
        let has_ended = tokio::select! {
            () = watched.wait() => {
                // All that is known by now is read in one go.
                watched.take(|| drop(notify.read_events()));
                false
            }
            () = end.wait() => true,
            () = sender_closed(&sender) => return Ok(()),
        };
        if has_ended {
            let sender = sender.clone();
            tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
                let mut gathered = Vec::new();
                reader.news(|entry| {
                    add_frame(&mut gathered, &entry, is_terminal, timestamps);
                    if gathered.len() > GATHERED {
                        sender.blocking_send(std::mem::take(&mut gathered).into())?;
                    }
                    Ok(())
                })?;
                Ok(sender.blocking_send(gathered.into())?)
            })
            .await??;
            return Ok(());
        }
    }
}

async fn sender_closed(sender: &Sender<Bytes>) {
    sender.closed().await;
}

/// What was written before a client attached, if it asks for that as well.
pub async fn send_history(engine: &Local, record: &Record, socket: &OwnedFd, stdout: bool, stderr: bool) {
    let Ok(socket) = socket.try_clone() else { return };
    let (engine, record) = (engine.clone(), record.clone());
    let sent = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
        let mut socket = std::os::unix::net::UnixStream::from(socket);
        let options = LogOptions { stdout, stderr, ..LogOptions::default() };
        let mut bytes = Vec::new();
        engine.logs(&record, options).history(|entry| {
            bytes.clear();
            add_frame(&mut bytes, &entry, record.config.tty, false);
            Ok(socket.write_all(&bytes)?)
        })
    });
    let _ = sent.await;
}
