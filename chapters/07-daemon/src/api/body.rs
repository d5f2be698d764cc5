//! Bodies of requests and answers.

use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::sync::Mutex;
use std::task;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::{Response, StatusCode, header};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;
use tokio::sync::mpsc;

use super::error::{Answer, ApiError};

/// What an answer carries.
pub type Body = BoxBody<Bytes, std::io::Error>;

/// A request.
pub type Request = hyper::Request<Incoming>;

/// The largest JSON that anybody needs.
const MOST: usize = 4 << 20;

/// Bytes.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

/// JSON. With exactly this content type: with a charset behind it, the docker client shows errors
/// as raw text.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

/// 200 with JSON.
pub fn ok(value: &impl Serialize) -> Answer {
    Ok(json(StatusCode::OK, value))
}

/// 204.
pub fn no_content() -> Answer {
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// The whole body of a request, up to a limit.
pub async fn read(body: Incoming) -> Result<Bytes, ApiError> {
    match Limited::new(body, MOST).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let message = format!("the request's body is larger than {MOST} bytes");
            Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message))
        }
        Err(error) => Err(ApiError::bad(format!("cannot read the request's body: {error}"))),
    }
}

/// A sender, and the body that it feeds. A client that doesn't read makes the sender wait.
pub fn channel(content_type: &'static str) -> (mpsc::Sender<Bytes>, Response<Body>) {
    let (sender, receiver) = mpsc::channel(16);
    (sender, response(content_type, StreamBody::new(Chunks(receiver)).boxed()))
}

/// The same for a body that may have to be broken off: a client that gets a part of it must not
/// take the part for the whole.
pub fn fallible_channel(content_type: &'static str) -> (mpsc::Sender<Piece>, Response<Body>) {
    let (sender, receiver) = mpsc::channel(16);
    (sender, response(content_type, of_pieces(receiver)))
}

/// Bytes, or why there are no more.
pub type Piece = std::io::Result<Bytes>;

/// A body of what comes through a channel.
pub fn of_pieces(receiver: mpsc::Receiver<Piece>) -> Body {
    StreamBody::new(Pieces(receiver)).boxed()
}

fn response(content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}

/// The same body, cut short when the client is gone. hyper notices that when it writes, and there
/// may be nothing to write for days: a client that closes in the middle of `wait` would be kept
/// until the container's end.
pub fn while_client_is_there(body: Body, client: OwnedFd) -> Body {
    if body.size_hint().exact().is_some() {
        return body;
    }
    let gone = Box::pin(async move {
        while !has_hung_up(&client) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    BodyExt::boxed(WhileThere { body, gone: Mutex::new(gone) })
}

/// Whether the other end is closed, for good. (One that has only said its last word may still
/// listen, and poll(2) doesn't call that POLLHUP.)
fn has_hung_up(client: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(client.as_fd(), PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|number| number > 0)
}

struct WhileThere<F> {
    body: Body,
    // A body must be Sync, and a future isn't; nobody else locks it.
    gone: Mutex<Pin<Box<F>>>,
}

impl<F: Future<Output = ()> + Send> hyper::body::Body for WhileThere<F> {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> task::Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let is_gone = {
            let mut gone = self.gone.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            gone.as_mut().poll(context).is_ready()
        };
        if is_gone { task::Poll::Ready(None) } else { Pin::new(&mut self.body).poll_frame(context) }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

struct Chunks(mpsc::Receiver<Bytes>);

impl futures_core::Stream for Chunks {
    type Item = Result<Frame<Bytes>, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}

struct Pieces(mpsc::Receiver<Piece>);

impl futures_core::Stream for Pieces {
    type Item = std::io::Result<Frame<Bytes>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
