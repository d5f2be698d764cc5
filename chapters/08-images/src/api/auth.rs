//! Passwords, as the docker client sends them: it stores them, and sends them with each request.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use ch07_daemon::api::body::{self, ok};
use ch07_daemon::api::error::{Answer, ApiError};
use ch07_daemon::api::router::Call;
use ch07_daemon::api::system::blocking;
use hyper::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::Reference;
use crate::transfer::{self, Credentials};

/// One registry's.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Auth {
    username: String,
    password: String,
    serveraddress: String,
}

impl Auth {
    fn credentials(self) -> Option<Credentials> {
        (!self.username.is_empty()).then_some(Credentials { user: self.username, password: self.password })
    }
}

/// A header with JSON, as base64 for URLs.
fn header<T: DeserializeOwned>(call: &Call, name: &str) -> Option<T> {
    let text = call.request.headers().get(name)?.to_str().ok()?;
    let bytes = URL_SAFE.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The registry's that is pulled from: `X-Registry-Auth`.
pub fn of_pull(call: &Call) -> Option<Credentials> {
    header::<Auth>(call, "x-registry-auth")?.credentials()
}

/// All that the client has, since it doesn't know which ones a Dockerfile needs:
/// `X-Registry-Config`.
pub fn of_build(call: &Call) -> impl Fn(&Reference) -> Option<Credentials> + Send + 'static {
    let known: BTreeMap<String, Auth> = header(call, "x-registry-config").unwrap_or_default();
    move |name| {
        let auth = known.get(transfer::login_key(&name.domain))?;
        Some(Credentials { user: auth.username.clone(), password: auth.password.clone() })
    }
}

/// `docker login`: whether the registry takes them.
pub async fn check(call: Call) -> Answer {
    let bytes = body::read(call.request.into_body()).await?;
    let auth: Auth = serde_json::from_slice(&bytes).map_err(|error| ApiError::bad(format!("invalid JSON: {error}")))?;
    let host = auth.serveraddress.trim_start_matches("https://").trim_start_matches("http://");
    let host = host.split('/').next().unwrap_or_default().to_string();
    let domain = if host.is_empty() || host == "index.docker.io" { "docker.io".into() } else { host };
    let refused = |error: ApiError| ApiError::new(StatusCode::UNAUTHORIZED, error.message);
    blocking(move || transfer::check_login(&domain, auth.credentials())).await.map_err(refused)?;
    ok(&json!({"Status": "Login Succeeded", "IdentityToken": ""}))
}
