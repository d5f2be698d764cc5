//! Large bodies of requests, and answers that are JSON lines: images come and go like this.

use std::io::{ErrorKind, Write};
use std::sync::mpsc::{Receiver, channel};

use anyhow::{Context, Error, Result};
use ch01_namespaces::{Failure, exit};
use hyper::body::Incoming;
use hyper::{Response, header};
use serde_json::Value;

use super::http::{Http, request};
use crate::api::body::of_pieces;
use crate::api::containers::write_to;

/// What went wrong while a request's body was written.
pub struct Sent(Receiver<Error>);

impl Sent {
    /// A result of the request's: if its body could not be written, that is why it failed.
    pub fn explain<T>(self, result: Result<T>) -> Result<T> {
        let told = self.0.try_iter().next();
        result.map_err(|error| told.unwrap_or(error))
    }
}

impl Http {
    // ANCHOR: send_written
    /// Posts what a closure writes, while it writes it: a build's context need not fit into memory.
    ///
    /// The closure has a thread of its own, and nobody waits for its end: it may stand in a read from a
    /// terminal when the daemon has already said no.
    pub fn send_written(
        &self,
        path: &str,
        headers: &[(&'static str, String)],
        write: impl FnOnce(&mut dyn Write) -> Result<()> + Send + 'static,
    ) -> Result<(Response<Incoming>, Sent)> {
        let (sender, pieces) = tokio::sync::mpsc::channel(16);
        let (failed, sent) = channel();
        let sent = Sent(sent);
        let mut request = request(hyper::Method::POST, path, None)?.map(|_| of_pieces(pieces));
        request.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/x-tar"));
        for (name, value) in headers {
            let value = value.parse().with_context(|| format!("the header {name} is not valid"))?;
            request.headers_mut().insert(*name, value);
        }
        std::thread::spawn(move || {
            // A daemon that reads no further says why in its answer.
            if let Err(error) = write_to(sender, write).or_else(unless_broken_pipe) {
                let _ = failed.send(error);
            }
        });
        match self.send(request) {
            Ok(answer) => Ok((answer, sent)),
            Err(error) => sent.explain(Err(error)),
        }
    }
    // ANCHOR_END: send_written

    /// Calls `each` with the JSON lines of an answer as they come. Such an answer is "200" before any
    /// of the work is done: a failure comes as a line.
    pub fn lines(&self, answer: Response<Incoming>, mut each: impl FnMut(&Value) -> Result<()>) -> Result<()> {
        let mut rest = Vec::new();
        self.pieces(answer, |bytes| {
            rest.extend_from_slice(bytes);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                let line: Value = serde_json::from_slice(&line).context("the daemon's progress is not JSON")?;
                if let Some(message) = line["error"].as_str() {
                    return Err(failure_of(message, &line).into());
                }
                each(&line)?;
            }
            Ok(())
        })
    }
}

fn unless_broken_pipe(error: Error) -> Result<()> {
    let is_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_pipe) { Ok(()) } else { Err(error) }
}

/// With the exit status that the same failure has without a daemon.
fn failure_of(message: &str, line: &Value) -> Failure {
    let code = line["errorDetail"]["code"].as_u64().and_then(|code| u8::try_from(code).ok());
    let chain = message.lines().map(|line| line.trim().to_string()).collect();
    Failure { exit_code: code.unwrap_or(exit::OURS), errno: None, chain }
}
