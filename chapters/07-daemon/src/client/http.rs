//! Requests over a unix socket, and their answers.
//!
//! A connection for each request: a client that asks three times needs no pool. hyper is
//! asynchronous, and a command line has nothing to do in the meantime: `block_on` waits.

use std::future::Future;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use ch01_namespaces::Failure;
use ch06_containers::engine::Stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};

use crate::api::body::{Body, full};
use crate::api::hijack;

/// A daemon's address, and what is needed to wait for its answers.
#[derive(Debug)]
pub struct Http {
    socket: PathBuf,
    runtime: Runtime,
}

impl Http {
    /// For `unix:///PATH`.
    pub fn new(host: &str) -> Result<Http> {
        let Some(path) = host.strip_prefix("unix://") else {
            bail!(
                "--host {host} is not supported\ncure: use unix:///PATH; for a daemon elsewhere: ssh -L LOCAL.sock:REMOTE.sock"
            );
        };
        let runtime = Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
        Ok(Http { socket: path.into(), runtime })
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    // ANCHOR: send
    /// Sends a request, and waits for the head of its answer. One that says "no" is an error.
    ///
    /// A path without a version means the newest that the daemon speaks.
    pub fn send(&self, request: Request<Body>) -> Result<Response<Incoming>> {
        self.wait(async {
            let stream = UnixStream::connect(&self.socket).await.with_context(|| self.unreachable())?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection.with_upgrades());
            let answer = sender.send_request(request).await.context("the daemon did not answer")?;
            let status = answer.status();
            if status.is_client_error() || status.is_server_error() {
                let body = answer.into_body().collect().await.context("the daemon's answer broke off")?.to_bytes();
                return Err(refusal(status, &body).into());
            }
            Ok(answer)
        })
    }
    // ANCHOR_END: send

    fn unreachable(&self) -> String {
        let path = self.socket.display();
        format!(
            "cannot connect to the daemon at unix://{path}\n\
             cure: start one there: daemon -H unix://{path}; or leave --host and DOCKER_HOST out"
        )
    }

    /// Sends a request, and gives the JSON of its answer; null if it has none.
    pub fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = self.send(request(method, path, body)?)?;
        let body = self.whole(answer)?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).with_context(|| format!("the daemon's answer to {path} is not JSON"))
    }

    /// The whole body of an answer.
    pub fn whole(&self, answer: Response<Incoming>) -> Result<Bytes> {
        let whole = self.wait(answer.into_body().collect());
        Ok(whole.context("the daemon's answer broke off")?.to_bytes())
    }

    /// Calls `each` with the pieces of an answer as they come.
    pub fn pieces(&self, answer: Response<Incoming>, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut body = answer.into_body();
        while let Some(frame) = self.wait(body.frame()) {
            let frame = frame.context("the daemon's answer broke off")?;
            frame.data_ref().map_or(Ok(()), |bytes| each(bytes))?;
        }
        Ok(())
    }

    // ANCHOR: hijack
    /// Sends a request after which the connection is a container's streams: the daemon answers 101,
    /// and what comes behind its answer is not HTTP any more.
    pub fn hijack(&self, path: &str, body: Option<&Value>) -> Result<Stream> {
        let mut request = request(Method::POST, path, body)?;
        request.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("Upgrade"));
        request.headers_mut().insert(header::UPGRADE, header::HeaderValue::from_static("tcp"));
        let answer = self.send(request)?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            bail!("the daemon answered {} to {path}, and did not hand the connection over", answer.status());
        }
        let taken = self.wait(hijack::take(hyper::upgrade::on(answer)))?;
        Ok(Stream { socket: taken.socket.into(), early: taken.early })
    }
    // ANCHOR_END: hijack
}

/// A request, with JSON if there is some.
pub fn request(method: Method, path: &str, body: Option<&Value>) -> Result<Request<Body>> {
    let text = body.map(Value::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "docker")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("Coracle/", env!("CARGO_PKG_VERSION")));
    request.body(full(text)).map_err(|error| anyhow!("cannot request {path}: {error}"))
}

/// What a daemon puts before the reason of a failed start, for docker's eyes: see `api/error.rs`.
const START_FAILED: [(&str, u8); 2] = [
    ("failed to create task for container: executable file not found in $PATH: ", 127),
    ("failed to create task for container: permission denied: ", 126),
];

/// A daemon's "no" as an error of ours: the words and exit status that the engine has in process.
fn refusal(status: StatusCode, body: &[u8]) -> Failure {
    let told = serde_json::from_slice::<Value>(body).ok();
    let message = told.and_then(|told| told["message"].as_str().map(String::from));
    let message = message.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_string());
    let found = START_FAILED.iter().find_map(|(prefix, code)| Some((message.strip_prefix(prefix)?, *code)));
    let (text, exit_code) = found.unwrap_or((&message, code_of(status, &message)));
    let chain = text.lines().map(|line| line.trim().to_string()).collect();
    Failure { exit_code, errno: None, chain }
}

/// Another daemon's words for the same failures, and what is left.
fn code_of(status: StatusCode, message: &str) -> u8 {
    if message.contains("executable file not found") {
        return 127;
    }
    match status {
        StatusCode::NOT_FOUND | StatusCode::CONFLICT => 1,
        _ => 125,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_words_and_the_status_of_the_engine_in_process() {
        let told =
            br#"{"message":"failed to create task for container: permission denied: cannot run x\n  cure: chmod"}"#;
        let failure = refusal(StatusCode::BAD_REQUEST, told);
        assert_eq!((failure.exit_code, failure.to_string().as_str()), (126, "cannot run x\n  cure: chmod"));
        assert_eq!(refusal(StatusCode::NOT_FOUND, br#"{"message":"No such container: x"}"#).exit_code, 1);
        assert_eq!(refusal(StatusCode::BAD_GATEWAY, b"not JSON").to_string(), "not JSON");
    }

    #[test]
    fn only_unix_sockets_are_daemons_addresses() {
        assert!(Http::new("tcp://127.0.0.1:2375").unwrap_err().to_string().contains("cure: use unix:///PATH"));
    }
}
