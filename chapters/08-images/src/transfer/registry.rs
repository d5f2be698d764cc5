//! A registry, as the OCI distribution specification describes it.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use serde_json::Value;
use ureq::http::{Response, StatusCode, Uri};
use ureq::{Agent, Body, Proxy, ResponseExt};

use super::authorities;
use crate::Reference;
use crate::layout::media_type;

/// Who we are to a registry.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password, or a token.
    pub password: String,
}

/// One repository of a registry.
#[derive(Clone)]
pub struct Registry {
    agent: Agent,
    base: String,
    path: String,
    credentials: Option<Credentials>,
    /// `Authorization`, once the registry has said what it wants.
    authorization: Option<String>,
}

/// How often a request is tried, and how long the first wait is.
pub const TRIES: u32 = 4;
pub const FIRST_WAIT: Duration = Duration::from_millis(250);

/// How long a registry may send nothing, in seconds.
pub const PATIENCE: &str = "CORACLE_REGISTRY_TIMEOUT";

/// The same, as the environment or we say it.
pub fn patience() -> Duration {
    let given = std::env::var(PATIENCE).ok().and_then(|text| text.parse().ok());
    given.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(Duration::from_secs(30))
}

impl Registry {
    /// The repository of a name.
    pub fn for_reference(name: &Reference, credentials: Option<Credentials>) -> Result<Registry> {
        Ok(Registry { path: name.path.clone(), ..Registry::for_domain(&name.domain, credentials)? })
    }

    /// Only a registry on this machine may be without TLS: nobody listens on the way. One that has an
    /// authority of its own speaks TLS.
    pub fn for_domain(domain: &str, credentials: Option<Credentials>) -> Result<Registry> {
        let host = if domain == "docker.io" { "registry-1.docker.io" } else { domain };
        let is_plain = is_on_this_machine(host) && !authorities::has_own(host);
        let scheme = if is_plain { "http" } else { "https" };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            // A body has no limit: it may be large. But it must come.
            .timeout_per_read(Some(patience()))
            // A redirect of a blob's goes to some store of files: our credentials stay here.
            .redirect_auth_headers(ureq::config::RedirectAuthHeaders::Never)
            .max_redirects(5)
            // And no redirect leads from https to a place where somebody on the way could answer.
            .https_only(!is_plain)
            .user_agent("coracle")
            .proxy(proxy_for(host))
            .tls_config(authorities::tls_config(host)?)
            .build()
            .new_agent();
        let base = format!("{scheme}://{host}/v2");
        Ok(Registry { agent, base, path: domain.into(), credentials, authorization: None })
    }

    /// Whether it lets us in at all.
    pub fn check(&mut self) -> Result<()> {
        self.request(&format!("{}/", self.base), "*/*", 0).map(drop)
    }

    /// A manifest, or an index of manifests, and its media type.
    pub fn manifest(&mut self, reference: &str) -> Result<(String, Vec<u8>)> {
        use media_type::{DOCKER_LIST, DOCKER_MANIFEST, INDEX, MANIFEST};
        let accept = [INDEX, MANIFEST, DOCKER_LIST, DOCKER_MANIFEST].join(", ");
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.manifest_once(reference, &accept)? {
                Err(ureq::Error::Io(_) | ureq::Error::Timeout(_)) => {}
                read => return read.context("cannot read the manifest"),
            }
            std::thread::sleep(wait);
            wait *= 2;
        }
        self.manifest_once(reference, &accept)?.context("cannot read the manifest")
    }

    /// The outer error is final; the inner one is an answer that broke off.
    fn manifest_once(&mut self, reference: &str, accept: &str) -> Result<Result<(String, Vec<u8>), ureq::Error>> {
        let mut response = self.get(&format!("manifests/{reference}"), accept, 0)?;
        let kind = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().to_string();
        Ok(response.body_mut().with_config().limit(4 << 20).read_to_vec().map(|bytes| (kind, bytes)))
    }

    /// A blob's content. If the registry can, it begins this many bytes from the start.
    pub fn blob(&mut self, digest: &str, from: u64) -> Result<Response<Body>> {
        self.get(&format!("blobs/{digest}"), "*/*", from)
    }

    fn get(&mut self, what: &str, accept: &str, from: u64) -> Result<Response<Body>> {
        self.request(&format!("{}/{}/{what}", self.base, self.path), accept, from)
    }

    // ANCHOR: get
    /// One request: again when the registry is busy, and once more when it wants to know who we are.
    fn request(&mut self, url: &str, accept: &str, from: u64) -> Result<Response<Body>> {
        let mut wait = FIRST_WAIT;
        let mut asked = false;
        for attempt in 1.. {
            let mut request = self.agent.get(url).header("Accept", accept);
            if let Some(authorization) = &self.authorization {
                request = request.header("Authorization", authorization);
            }
            if from > 0 {
                request = request.header("Range", format!("bytes={from}-"));
            }
            let is_last = attempt >= TRIES;
            match request.call() {
                // Only the registry itself may ask, and not a host to which it has sent us on.
                Ok(response) if response.status() == StatusCode::UNAUTHORIZED && !asked && is_from(&response, url) => {
                    asked = true;
                    let challenge = response.headers().get("www-authenticate");
                    let challenge = challenge.and_then(|value| value.to_str().ok()).unwrap_or_default().to_string();
                    self.authorization = Some(self.answer(&challenge)?);
                    continue;
                }
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) if !is_last && is_temporary(response.status()) => {}
                Ok(response) => bail!(refusal(&self.path, url, response.status())),
                Err(error) if is_last || is_final(&error) => {
                    let why = why(&error, url.split('/').nth(2).unwrap_or_default());
                    return Err(error).with_context(|| format!("cannot reach the registry: GET {url}\n{why}"));
                }
                Err(_) => {}
            }
            std::thread::sleep(wait);
            wait *= 2;
        }
        bail!("{TRIES} attempts are not enough: GET {url}")
    }
    // ANCHOR_END: get

    /// What the registry wants to hear: a name and a password, or a token that another server gives for
    /// them.
    fn answer(&self, challenge: &str) -> Result<String> {
        let basic = self.credentials.as_ref().map(|credentials| {
            let pair = format!("{}:{}", credentials.user, credentials.password);
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        });
        let Some(parameters) = challenge.strip_prefix("Bearer ") else {
            return basic.with_context(|| {
                let host = self.base.split('/').nth(2).unwrap_or_default();
                format!(
                    "pull access denied for {}: the registry requires a login\ncure: docker login {host}",
                    self.path
                )
            });
        };
        let parameter = |name: &str| {
            let start = parameters.find(&format!("{name}=\""))? + name.len() + 2;
            parameters[start..].split('"').next().map(String::from)
        };
        let realm = parameter("realm").context("the registry requires a token, but doesn't give an address for it")?;
        ensure!(
            is_safe_for_a_password(&realm),
            "the registry requires a token from {realm}\ncause: this address doesn't use https, and isn't on this machine: \
             who listens on the way would learn the password"
        );
        let mut request = self.agent.get(&realm);
        for name in ["service", "scope"] {
            if let Some(value) = parameter(name) {
                request = request.query(name, value);
            }
        }
        if let Some(basic) = basic {
            request = request.header("Authorization", basic);
        }
        let mut response = request.call().with_context(|| format!("cannot get a token from {realm}"))?;
        ensure!(response.status().is_success(), "pull access denied for {}: no token was given", self.path);
        let text = response.body_mut().with_config().limit(1 << 20).read_to_vec()?;
        let value: Value = serde_json::from_slice(&text).context("the token can't be read")?;
        let token = value["token"].as_str().or(value["access_token"].as_str());
        Ok(format!("Bearer {}", token.context("the answer has no token in it")?))
    }
}

/// Whether an answer comes from the host that was asked, and not from one behind a redirect.
fn is_from(response: &Response<Body>, url: &str) -> bool {
    let asked = url.parse::<Uri>().ok();
    asked.is_some_and(|asked| asked.authority() == response.get_uri().authority())
}

/// Whether a host (`name` or `name:port`) is this machine: then nobody listens on the way.
fn is_on_this_machine(host: &str) -> bool {
    // In `localhost:x@elsewhere` what comes before the @ is a name and a password.
    let bare = host.rsplit_once(':').filter(|(_, port)| !port.contains('@')).map_or(host, |(bare, _)| bare);
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_safe_for_a_password(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else { return address.starts_with("https://") };
    let host = rest.split('/').next().unwrap_or_default();
    is_on_this_machine(host)
}

/// The proxy that the environment names for a host. None is on the way to this machine, as in Go's
/// programs, and so in Docker.
fn proxy_for(host: &str) -> Option<Proxy> {
    let proxy = Proxy::try_from_env().filter(|_| !is_on_this_machine(host))?;
    let is_excepted = format!("https://{host}/").parse().is_ok_and(|address| proxy.is_no_proxy(&address));
    (!is_excepted).then_some(proxy)
}

/// Whether no second try will help.
fn is_final(error: &ureq::Error) -> bool {
    tls_cause(error, "").is_some() || is_refused_by_proxy(error)
}

/// A proxy answers CONNECT with a status of its own; a busy one (5xx) is asked again.
fn is_refused_by_proxy(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::ConnectProxyFailed(said) if said.contains("responded 4"))
}

/// What is wrong when no answer comes from a host, and what helps.
fn why(error: &ureq::Error, host: &str) -> String {
    if let Some(cause) = tls_cause(error, host) {
        return cause;
    }
    match proxy_for(host) {
        Some(proxy) => {
            let place = format!("{}:{}", proxy.host(), proxy.port());
            let cause = if is_refused_by_proxy(error) { "refused the connection" } else { "is on the way" };
            format!(
                "cause: the proxy {place}, which the environment names, {cause}\n\
                 cure: correct HTTPS_PROXY, or except the registry: NO_PROXY={}",
                host.split(':').next().unwrap_or_default()
            )
        }
        None => "cure: is it running, and is its name right?".into(),
    }
}

/// What is wrong when there is no TLS with a host. `ureq` passes the error of its TLS library on as
/// text.
fn tls_cause(error: &ureq::Error, host: &str) -> Option<String> {
    let text = error.to_string();
    let has = |part: &str| text.contains(part);
    if has("UnknownIssuer") {
        Some(format!(
            "cause: no certificate authority that this machine trusts has signed its certificate\n\
             cure: put its authority's certificate into /etc/docker/certs.d/{host}/ca.crt, or name it in SSL_CERT_FILE"
        ))
    } else if has("not valid for name") {
        Some("cause: the certificate is for another host\ncure: use a name that is in the certificate".into())
    } else if has("InvalidContentType") {
        Some("cause: it does not speak TLS, and only a registry on this machine (localhost) may do without".into())
    } else if has("certificate") {
        Some("cause: its certificate is not valid".into())
    } else {
        None
    }
}

fn is_temporary(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

fn refusal(path: &str, url: &str, status: StatusCode) -> String {
    match status.as_u16() {
        404 => format!("not found: {path} has no such manifest or blob: GET {url}"),
        401 | 403 => format!("pull access denied for {path}, repository does not exist or may require a login"),
        429 => format!("the registry reports too many requests: GET {url}\ncure: wait some minutes"),
        status => format!("the registry answered with status {status}: GET {url}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_over_tls_or_stays_on_this_machine() {
        for safe in ["https://auth.example/token", "http://localhost:5000/token", "http://127.0.0.1/t"] {
            assert!(is_safe_for_a_password(safe), "{safe}");
        }
        for unsafe_one in
            ["http://auth.example/token", "http://localhost:1@evil.example/", "ftp://localhost/", "http://"]
        {
            assert!(!is_safe_for_a_password(unsafe_one), "{unsafe_one}");
        }
        assert!(!is_on_this_machine("localhost:5000@evil.example"));
    }
}
