//! From a request to the function that answers it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ch06_containers::engine::Local;
use http_body_util::BodyExt;
use hyper::{Method, Response, StatusCode};
use tracing::{debug, info};

use super::body::{Body, Request};
use super::error::{Answer, ApiError};
use super::parameters::{self, Known};
use super::query::{Query, decoded};
use super::{OLDEST, VERSION, containers, events, exec, networks, system, volumes};
use crate::daemon::{Daemon, Source};

// ANCHOR: call
/// The parts of a request.
pub struct Call {
    /// The HTTP method.
    pub method: Method,
    /// The components of the path, without the version.
    pub path: Vec<String>,
    /// The query, after the question mark.
    pub query: Query,
    /// The API version of the request.
    pub version: String,
    /// The whole request.
    pub request: Request,
}
// ANCHOR_END: call

/// What a later chapter answers: images, builds.
pub trait MoreRoutes: Send + Sync {
    /// Answers, or hands the call back by `None`: the request's body is then lost, so it looks at
    /// method and path first.
    fn knows(&self, call: &Call) -> bool;

    /// The query parameters that its routes honour.
    fn parameters(&self) -> &'static [Known];

    /// What else it keeps on disk, whose changes are events.
    fn sources(&self, _: &Local) -> Vec<Box<dyn Source>> {
        Vec::new()
    }

    /// Answers a call that it knows.
    fn answer(&self, daemon: Daemon, call: Call) -> Pin<Box<dyn Future<Output = Answer> + Send>>;
}

/// Answers a request, whatever it is.
pub async fn answer(daemon: Daemon, request: Request) -> Result<Response<Body>, Infallible> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = match take_apart(request) {
        Ok(call) => {
            let is_head = call.method == Method::HEAD;
            let answer = route(daemon, call).await;
            let mut response = answer.unwrap_or_else(|error| error.response());
            if is_head {
                *response.body_mut() = super::body::full("");
            }
            response
        }
        Err(refused) => {
            let (error, request) = *refused;
            // A client that still sends would see a broken pipe in place of the answer.
            drain(request).await;
            error.response()
        }
    };
    info!(%method, %uri, status = response.status().as_u16(), "request");
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    };
    set("api-version", VERSION);
    set("ostype", "linux");
    set("docker-experimental", "false");
    set("server", "Coracle");
    Ok(response)
}

/// Reads what is left of a request.
async fn drain(request: Request) {
    let mut body = request.into_body();
    let mut left = 64 << 20;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, |data| data.len());
        if length > left {
            break;
        }
        left -= length;
    }
}

// ANCHOR: version
/// Splits the version off a path: `/v1.43/containers/json`. The default is the newest version.
pub fn version_of(path: &str) -> Result<(String, &str), String> {
    let Some(rest) = path.strip_prefix("/v") else { return Ok((VERSION.into(), path)) };
    let (version, rest) = match rest.find('/') {
        Some(end) => (&rest[..end], &rest[end..]),
        None => (rest, ""),
    };
    let number = |text: &str| -> Option<(u32, u32)> {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    match number(version) {
        // Another path that begins with a v, such as /volumes.
        None => Ok((VERSION.into(), path)),
        Some(asked) if Some(asked) > number(VERSION) => {
            Err(format!("client version {version} is too new. Maximum supported API version is {VERSION}"))
        }
        Some(asked) if Some(asked) < number(OLDEST) => Err(format!(
            "client version {version} is too old. Minimum supported API version is {OLDEST}, please upgrade your client to a \
             newer version"
        )),
        Some(_) => Ok((version.into(), rest)),
    }
}
// ANCHOR_END: version

fn take_apart(request: Request) -> Result<Call, Box<(ApiError, Request)>> {
    let path = request.uri().path().to_string();
    let (version, rest) = match version_of(&path) {
        Ok(found) => found,
        Err(message) => return Err(Box::new((ApiError::bad(message), request))),
    };
    let path = rest.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
    let query = Query::parse(request.uri().query());
    Ok(Call { method: request.method().clone(), path, query, version, request })
}

// ANCHOR: route
// ANCHOR: route_begin
/// The routes: method, path and handler.
async fn route(daemon: Daemon, call: Call) -> Answer {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    debug!(version = call.version, "routed");
    let mut tables = vec![parameters::KNOWN];
    tables.extend(daemon.more.iter().map(|routes| routes.parameters()));
    if let Err(refused) = parameters::check(call.method.as_str(), &path, &call.query, &tables) {
        drain(call.request).await;
        return Err(refused);
    }
    match (call.method.as_str(), path.as_slice()) {
        ("GET" | "HEAD", ["_ping"]) => system::ping(),
        ("GET", ["version"]) => system::version(&daemon),
        ("GET", ["info"]) => system::info(daemon).await,
        ("GET", ["events"]) => events::events(daemon, call).await,
        ("GET", ["system", "df"]) => system::disk_usage(daemon, call).await,

        ("GET", ["containers", "json"]) => containers::list(daemon, call).await,
        ("POST", ["containers", "create"]) => containers::create(daemon, call).await,
        ("POST", ["containers", "prune"]) => containers::prune(daemon, call).await,
        ("GET", ["containers", name, "json"]) => containers::inspect(daemon, name.to_string()).await,
        ("POST", ["containers", name, "start"]) => containers::start(daemon, name.to_string()).await,
        // ANCHOR_END: route_begin
        ("POST", ["containers", name, "stop"]) => containers::stop(daemon, name.to_string(), call).await,
        ("POST", ["containers", name, "restart"]) => containers::restart(daemon, name.to_string(), call).await,
        ("POST", ["containers", name, "kill"]) => containers::kill(daemon, name.to_string(), call).await,
        ("POST", ["containers", name, "pause"]) => containers::pause(daemon, name.to_string(), true).await,
        ("POST", ["containers", name, "unpause"]) => containers::pause(daemon, name.to_string(), false).await,
        ("POST", ["containers", name, "rename"]) => containers::rename(daemon, name.to_string(), call).await,
        ("POST", ["containers", name, "wait"]) => containers::wait(daemon, name.to_string(), call).await,
        ("POST", ["containers", name, "attach"]) => containers::attach(daemon, name.to_string(), call).await,
        ("POST", ["containers", name, "resize"]) => containers::resize(daemon, name.to_string(), call).await,
        ("GET", ["containers", name, "logs"]) => containers::logs(daemon, name.to_string(), call).await,
        ("GET", ["containers", name, "top"]) => containers::top(daemon, name.to_string(), call).await,
        ("GET", ["containers", name, "stats"]) => containers::stats(daemon, name.to_string(), call).await,
        ("GET", ["containers", name, "changes"]) => containers::changes(daemon, name.to_string()).await,
        ("GET", ["containers", name, "export"]) => containers::export(daemon, name.to_string()).await,
        ("DELETE", ["containers", name]) => containers::remove(daemon, name.to_string(), call).await,
        ("POST", ["containers", name, "exec"]) => exec::create(daemon, name.to_string(), call).await,
        ("POST", ["exec", id, "start"]) => exec::start(daemon, id.to_string(), call).await,
        ("POST", ["exec", id, "resize"]) => exec::resize(daemon, id.to_string(), call).await,
        ("GET", ["exec", id, "json"]) => exec::inspect(daemon, id.to_string()).await,

        ("GET", ["volumes"]) => volumes::list(daemon, call).await,
        ("POST", ["volumes", "create"]) => volumes::create(daemon, call).await,
        ("POST", ["volumes", "prune"]) => volumes::prune(daemon, call).await,
        ("GET", ["volumes", name]) => volumes::inspect(daemon, name.to_string()).await,
        ("DELETE", ["volumes", name]) => volumes::remove(daemon, name.to_string(), call).await,
        ("GET", ["networks"]) => networks::list(daemon, call).await,
        ("POST", ["networks", "create"]) => networks::create(daemon, call).await,
        ("POST", ["networks", "prune"]) => networks::prune(daemon, call).await,
        ("GET", ["networks", name]) => networks::inspect(daemon, name.to_string()).await,
        ("DELETE", ["networks", name]) => networks::remove(daemon, name.to_string()).await,
        _ => elsewhere(daemon, call).await,
    }
}
// ANCHOR_END: route

/// What a later chapter answers, or nobody.
async fn elsewhere(daemon: Daemon, call: Call) -> Answer {
    let known = daemon.more.iter().position(|routes| routes.knows(&call));
    if let Some(index) = known {
        let again = Arc::clone(&daemon);
        return daemon.more[index].answer(again, call).await;
    }
    let (method, path) = (call.method.clone(), call.path.join("/"));
    let first = call.path.first().map(String::as_str).unwrap_or_default();
    drain(call.request).await;
    const KNOWN: [&str; 14] = [
        "containers",
        "exec",
        "images",
        "build",
        "volumes",
        "networks",
        "system",
        "swarm",
        "nodes",
        "services",
        "secrets",
        "configs",
        "plugins",
        "distribution",
    ];
    if KNOWN.contains(&first) || ["auth", "session", "grpc", "commit", "tasks"].contains(&first) {
        let message = format!("{method} /{path} is not supported by Coracle");
        return Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, message));
    }
    Err(ApiError::not_found("page not found"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_stripped_and_other_words_with_v_are_not() {
        assert_eq!(version_of("/v1.43/containers/json").unwrap(), ("1.43".into(), "/containers/json"));
        assert_eq!(version_of("/containers/json").unwrap().1, "/containers/json");
        assert_eq!(version_of("/volumes").unwrap().1, "/volumes");
        assert_eq!(version_of("/version").unwrap().1, "/version");
        assert!(version_of("/v1.99/info").unwrap_err().contains("too new"));
        assert!(version_of("/v1.2/info").unwrap_err().contains("too old"));
    }
}
