//! Bodies of requests and answers.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Response, StatusCode, header};
use serde::Serialize;
use tokio::sync::mpsc;

use super::error::Answer;

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
pub async fn read(body: Incoming) -> Result<Bytes> {
    let limited = Limited::new(body, MOST);
    let whole = limited.collect().await.map_err(|error| anyhow::anyhow!("{error}"));
    Ok(whole.with_context(|| format!("cannot read the request's body (at most {MOST} bytes)"))?.to_bytes())
}

/// A sender, and the body that it feeds. A client that doesn't read makes the sender wait.
pub fn channel(content_type: &'static str) -> (mpsc::Sender<Bytes>, Response<Body>) {
    let (sender, receiver) = mpsc::channel::<Bytes>(16);
    let stream = Chunks(receiver);
    let mut response = Response::new(StreamBody::new(stream).boxed());
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    (sender, response)
}

struct Chunks(mpsc::Receiver<Bytes>);

impl futures_core::Stream for Chunks {
    type Item = Result<Frame<Bytes>, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}
