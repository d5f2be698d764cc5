//! A registry of the tests' own, which tells the truth or doesn't.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use anyhow::{Result, ensure};
use ch04_unionfs::digest::Digest;
use serde_json::json;
use testkit::{Case, cases};

use crate::archives::{config, tar};
use crate::daemon::{Daemon, SOCKET};
use crate::world::{blobs, fails, program, refused, said, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        an_image_is_pulled_and_runs,
        a_pull_mends_blobs_that_are_damaged_on_disk,
        an_image_that_a_daemon_lacks_is_pulled_there,
        a_blob_with_other_content_or_another_length_is_refused,
        a_busy_registry_is_asked_again_and_a_missing_image_named,
        a_token_is_asked_for_as_the_registry_says_and_used_for_all_that_follows,
        a_proxy_that_refuses_is_named_and_none_is_asked_for_this_machine,
        with_its_last_tag_a_repositorys_digests_go,
    ]
}

/// What the registry answers: a path's end, and a whole answer.
pub type Answers = HashMap<String, Vec<u8>>;

pub fn answer(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A request's path and its header lines, in small letters.
pub struct Request {
    pub path: String,
    pub headers: String,
}

/// Serves on a port of the lab's own. A handler writes the whole answer, or as much as it likes.
pub fn serve_by(mut handler: impl FnMut(&Request, &TcpStream) -> Result<()> + Send + 'static) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(request) = read_request(&stream) else { continue };
            // Who asked may have gone away.
            let _ = handler(&request, &stream);
        }
    });
    Ok(port)
}

fn read_request(stream: &TcpStream) -> Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut headers = String::new();
    while reader.read_line(&mut headers)? > 2 {}
    Ok(Request { path: first.split(' ').nth(1).unwrap_or_default().into(), headers: headers.to_lowercase() })
}

/// An answer without a body; `more` is header lines.
pub fn empty(status: &str, more: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n{more}\r\n").into_bytes()
}

/// What there is for a path.
pub fn answer_for(answers: &Answers, path: &str) -> Vec<u8> {
    let found = answers.iter().find(|(end, _)| path.ends_with(end.as_str())).map(|(_, answer)| answer.clone());
    found.unwrap_or_else(|| empty("404 Not Found", ""))
}

/// Serves answers; the first `busy` requests get 503.
pub fn serve(answers: Answers, mut busy: u32) -> Result<u16> {
    serve_by(move |request, mut stream| {
        let is_busy = busy > 0;
        busy = busy.saturating_sub(1);
        let answer = if is_busy { empty("503 Service Unavailable", "") } else { answer_for(&answers, &request.path) };
        Ok(stream.write_all(&answer)?)
    })
}

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image with one file; what is sent in place of its layer.
pub fn image(sent: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<Answers> {
    Ok(image_of(&tar(&[("f", b"content")])?, sent))
}

/// The same with a layer.
pub fn image_of(layer: &[u8], sent: impl FnOnce(&[u8]) -> Vec<u8>) -> Answers {
    let config = config(layer).to_string();
    let descriptor =
        |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": Digest::compute(bytes), "size": bytes.len()});
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", config.as_bytes()),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
    })
    .to_string();
    HashMap::from([
        ("/manifests/1".to_string(), answer(MANIFEST, manifest.as_bytes())),
        (format!("/manifests/{}", Digest::compute(manifest.as_bytes())), answer(MANIFEST, manifest.as_bytes())),
        (format!("/blobs/{}", Digest::compute(config.as_bytes())), answer("application/json", config.as_bytes())),
        (format!("/blobs/{}", Digest::compute(layer)), answer("application/octet-stream", &sent(layer))),
    ])
}

fn an_image_is_pulled_and_runs() -> Result<()> {
    let port = serve(image(<[u8]>::to_vec)?, 0)?;
    let name = format!("localhost:{port}/pulled:1");
    ensure!(succeeds(&["pull", &name])?.ends_with("/pulled:1"));
    // It has no program; what it has is seen by one that brings it along.
    let text = format!("FROM hostbox\nCOPY --from={name} /f /f\n");
    let context = crate::world::context(&[("Dockerfile", &text)])?;
    succeeds(&["build", "-t", "with", context])?;
    ensure!(succeeds(&["run", "--rm", "with", "cat", "/f"])? == "content");
    Ok(())
}

fn a_pull_mends_blobs_that_are_damaged_on_disk() -> Result<()> {
    let port = serve(image(<[u8]>::to_vec)?, 0)?;
    let name = format!("localhost:{port}/pulled:1");
    succeeds(&["pull", &name])?;
    let blobs = crate::world::blobs()?;
    ensure!(blobs.len() == 3, "{blobs:?}");
    for hex in &blobs {
        let path = std::path::Path::new("/tmp/store/data/images/blobs/sha256").join(hex);
        let whole = std::fs::read(&path)?;
        // Of the same length, and shorter.
        for damaged in [[&whole[1..], b"#"].concat(), whole[1..].to_vec()] {
            std::fs::write(&path, damaged)?;
            succeeds(&["pull", &name])?;
            ensure!(std::fs::read(&path)? == whole, "{hex} is still damaged");
        }
    }
    ensure!(succeeds(&["system", "check"])?.ends_with(" 0 left over, 0 damaged"));
    Ok(())
}

fn an_image_that_a_daemon_lacks_is_pulled_there() -> Result<()> {
    let _daemon = Daemon::start()?;
    let host = format!("unix://{SOCKET}");
    let port = serve(image(<[u8]>::to_vec)?, 0)?;
    let name = format!("localhost:{port}/pulled:1");
    let id = succeeds(&["-H", &host, "create", &name, "/f"])?;
    ensure!(id.len() == 64, "{id}");
    ensure!(succeeds(&["images"])?.contains("/pulled"), "it is in another store than the daemon's");
    ensure!(succeeds(&["-H", &host, "run", "--rm", "hostbox", "echo", "run"])? == "run");
    let missing = format!("localhost:{port}/none:1");
    let refused = fails(&["-H", &host, "run", &missing, "true"])?;
    ensure!(refused.contains("unable to find image") && refused.contains("none"), "{refused}");
    Ok(())
}

fn a_blob_with_other_content_or_another_length_is_refused() -> Result<()> {
    type Lie = fn(&[u8]) -> Vec<u8>;
    let lies: [(Lie, &str); 3] = [
        (|layer| vec![b'x'; layer.len()], "not what was promised"),
        (|layer| [layer, b"more"].concat(), "more than the"),
        (|layer| layer[..layer.len() - 1].to_vec(), "not what was promised"),
    ];
    for (lie, expected) in lies {
        let port = serve(image(lie)?, 0)?;
        let message = fails(&["pull", &format!("localhost:{port}/lies:1")])?;
        ensure!(message.contains(expected), "{message}");
        ensure!(!succeeds(&["images"])?.contains("lies"));
    }
    // The next try, at a registry that doesn't lie, works; and with the image all blobs go.
    let port = serve(image(<[u8]>::to_vec)?, 0)?;
    let name = format!("localhost:{port}/true:1");
    succeeds(&["pull", &name])?;
    succeeds(&["rmi", &name])?;
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    Ok(())
}

fn a_busy_registry_is_asked_again_and_a_missing_image_named() -> Result<()> {
    let port = serve(image(<[u8]>::to_vec)?, 2)?;
    succeeds(&["pull", &format!("localhost:{port}/busy:1")])?;
    let message = fails(&["pull", &format!("localhost:{port}/busy:2")])?;
    ensure!(message.contains("not found: busy"), "{message}");
    let message = fails(&["pull", "localhost:1/none:1"])?;
    ensure!(message.contains("cannot reach the registry"), "{message}");
    Ok(())
}

/// Docker Hub's way in: whoever has no name gets a token, too.
fn a_token_is_asked_for_as_the_registry_says_and_used_for_all_that_follows() -> Result<()> {
    let answers = image(<[u8]>::to_vec)?;
    let (tell, asked) = mpsc::channel();
    let port = serve_by(move |request, mut stream| {
        let host = request.headers.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let wants = format!(
            "WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"the registry\",scope=\"repository:box:pull\"\r\n"
        );
        let has_token = request.headers.contains("authorization: bearer t0ken");
        tell.send((request.path.clone(), has_token))?;
        Ok(stream.write_all(&match () {
            () if request.path.starts_with("/token") => answer("application/json", br#"{"token":"T0ken"}"#),
            () if has_token => answer_for(&answers, &request.path),
            () => empty("401 Unauthorized", &wants),
        })?)
    })?;
    succeeds(&["pull", &format!("localhost:{port}/box:1")])?;
    let asked: Vec<(String, bool)> = asked.try_iter().collect();
    let tokens: Vec<&String> = asked.iter().map(|(path, _)| path).filter(|path| path.starts_with("/token")).collect();
    ensure!(tokens.len() == 1, "{asked:?}");
    for parameter in ["service=the", "registry", "scope=repository", "pull"] {
        ensure!(tokens[0].contains(parameter), "{parameter}: {asked:?}");
    }
    // One request without, one for the token; with it the manifest, the configuration, the layer.
    ensure!(asked.iter().filter(|(_, has_token)| *has_token).count() >= 3, "{asked:?}");
    ensure!(
        asked.iter().filter(|(path, has_token)| !has_token && !path.starts_with("/token")).count() == 1,
        "{asked:?}"
    );
    Ok(())
}

fn a_proxy_that_refuses_is_named_and_none_is_asked_for_this_machine() -> Result<()> {
    let (tell, asked) = mpsc::channel();
    let proxy = serve_by(move |request, mut stream| {
        tell.send(request.path.clone())?;
        Ok(stream.write_all(&empty("403 Forbidden", ""))?)
    })?;
    let address = format!("http://127.0.0.1:{proxy}");
    let pull = |name: &str, except: &str| {
        let mut command = program(&["pull", name]);
        command.env("HTTPS_PROXY", &address).env("HTTP_PROXY", &address).env("NO_PROXY", except);
        command.output()
    };
    let name = "registry.invalid/box:1";
    let message = refused(pull(name, "")?, &["pull", name])?;
    ensure!(message.contains(&format!("the proxy 127.0.0.1:{proxy}")) && message.contains("refused"), "{message}");
    ensure!(message.contains("NO_PROXY=registry.invalid"), "{message}");
    // Once: a refusal is no failure that passes.
    ensure!(asked.try_iter().collect::<Vec<_>>() == ["registry.invalid:443"]);
    let message = refused(pull(name, ".invalid")?, &["pull", name])?;
    ensure!(!message.contains("proxy") && message.contains("cannot reach the registry"), "{message}");
    let port = serve(image(<[u8]>::to_vec)?, 0)?;
    let name = format!("localhost:{port}/direct:1");
    said(pull(&name, "")?, &["pull", &name])?;
    ensure!(asked.try_iter().next().is_none(), "the proxy was asked for what it must not be asked for");
    Ok(())
}

fn with_its_last_tag_a_repositorys_digests_go() -> Result<()> {
    let port = serve(image(<[u8]>::to_vec)?, 0)?;
    let name = format!("localhost:{port}/both:1");
    succeeds(&["pull", &name])?;
    let shown: serde_json::Value = serde_json::from_str(&succeeds(&["inspect", &name])?)?;
    let by_digest = shown[0]["RepoDigests"][0].as_str().unwrap_or_default().to_string();
    succeeds(&["pull", &by_digest])?;
    succeeds(&["tag", &name, "mine:1"])?;
    succeeds(&["tag", &name, &format!("localhost:{port}/both:2")])?;
    // While the repository has another tag, they stay.
    ensure!(succeeds(&["rmi", &name])? == format!("Untagged: {name}"));
    let removed = succeeds(&["rmi", &format!("localhost:{port}/both:2")])?;
    ensure!(removed.lines().any(|line| line == format!("Untagged: {by_digest}")), "{removed}");
    ensure!(!removed.contains("Deleted") && !succeeds(&["images"])?.contains("<none>"));
    ensure!(succeeds(&["rmi", "mine:1"])?.contains("Deleted"));
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    Ok(())
}
