//! Long answers: JSON lines that are written while the work goes on.

use std::io::Read;

use anyhow::Result;
use bytes::Bytes;
use ch07_daemon::api::body::channel;
use ch07_daemon::api::error::Answer;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, Sender};

/// Where the lines go.
pub struct Lines(Sender<Bytes>);

impl Lines {
    /// One line. A client that went away ends the work.
    pub fn send(&self, value: &Value) -> Result<()> {
        let line = format!("{value}\r\n");
        self.0.blocking_send(Bytes::from(line)).map_err(|_| anyhow::anyhow!("the client went away"))
    }

    /// Fails when nobody listens any more: for work that has nothing to say for long.
    pub fn is_heard(&self) -> Result<()> {
        anyhow::ensure!(!self.0.is_closed(), "the client went away");
        Ok(())
    }

    /// A status, as pulls have it.
    pub fn status(&self, status: &str) -> Result<()> {
        self.send(&json!({ "status": status }))
    }
}

/// Answers 200 at once, and works on a thread; an error after that is a line of its own.
pub fn working(work: impl FnOnce(&Lines) -> Result<()> + Send + 'static) -> Answer {
    let (sender, response) = channel("application/json");
    tokio::task::spawn_blocking(move || {
        let lines = Lines(sender);
        if let Err(error) = work(&lines) {
            let failure = ch01_namespaces::Failure::from_error(&error);
            let (code, message) = (failure.exit_code, failure.to_string());
            tracing::warn!(%message, "failed");
            let _ = lines.send(&json!({"errorDetail": {"code": code, "message": message}, "error": message}));
        }
    });
    Ok(response)
}

/// A request's body as a reader for a thread. However large it is, only a few pieces of it are in
/// memory.
pub fn reader(mut body: Incoming) -> impl Read + Send + 'static {
    let (sender, receiver) = tokio::sync::mpsc::channel::<std::io::Result<Bytes>>(8);
    tokio::spawn(async move {
        while let Some(frame) = body.frame().await {
            let piece = match frame {
                Ok(frame) => frame.into_data().map(Ok),
                Err(error) => Ok(Err(std::io::Error::other(error))),
            };
            let Ok(piece) = piece else { continue };
            // Who reads no further still lets the client send the rest: it would see a broken pipe in place of
            // our answer.
            let _ = sender.send(piece).await;
        }
    });
    FromChannel { receiver, piece: Bytes::new() }
}

struct FromChannel {
    receiver: Receiver<std::io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for FromChannel {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                None => return Ok(0),
                Some(piece) => self.piece = piece?,
            }
        }
        let length = self.piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.piece.split_to(length));
        Ok(length)
    }
}
