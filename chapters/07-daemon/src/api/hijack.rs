//! A connection that stops being HTTP: after the answer 101 its bytes are a container's streams.
//!
//! The daemon takes the connection apart, and hands the socket with what was read ahead to the
//! shim. From then on it is not in the way: it may be killed, and the client keeps talking with its
//! container.

use std::os::fd::OwnedFd;

use anyhow::{Context, Result, anyhow};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::body::{Body, full};

/// What is left of a connection.
pub struct Taken {
    /// The socket, in blocking mode, as any process likes it.
    pub socket: OwnedFd,
    /// What the client sent behind its request, and was read with it.
    pub early: Vec<u8>,
}

/// The answer: what comes now is not HTTP.
pub fn switching_protocols(is_terminal: bool) -> Response<Body> {
    let kind =
        if is_terminal { "application/vnd.docker.raw-stream" } else { "application/vnd.docker.multiplexed-stream" };
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    headers.insert(header::CONNECTION, header::HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, header::HeaderValue::from_static("tcp"));
    response
}

// ANCHOR: take
/// Takes the connection from hyper, after the response 101: in the daemon that of a request, in the
/// client that of a response.
pub async fn take(connection: OnUpgrade) -> Result<Taken> {
    let upgraded: Upgraded = connection.await.context("the connection was not upgraded")?;
    let parts = upgraded
        .downcast::<TokioIo<UnixStream>>()
        .map_err(|_| anyhow!("internal error: the connection is not a Unix socket"))?;
    let stream = parts.io.into_inner().into_std().context("cannot take the socket")?;
    stream.set_nonblocking(false).context("cannot set the socket's mode")?;
    Ok(Taken { socket: stream.into(), early: parts.read_buf.to_vec() })
}
// ANCHOR_END: take
