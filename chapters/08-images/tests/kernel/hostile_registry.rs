//! A registry that wants our password, our disk, or our time.

use std::io::Write;
use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use base64::Engine as _;
use testkit::{Case, cases};

use crate::daemon::{Daemon, ask};
use crate::registry::{MANIFEST, empty, image, of, serve_by};
use crate::world::{blobs, fails, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        no_redirect_takes_the_password_along,
        a_password_is_not_told_to_another_machine_without_tls,
        a_circle_of_redirects_ends,
        an_endless_manifest_or_blob_is_cut_off,
        each_refusal_has_its_own_sentence,
        an_answer_cut_anywhere_leaves_nothing_and_the_next_try_works,
    ]
}

/// A pull through the daemon, which is how a password comes.
fn pull_with_password(port: u16) -> Result<String> {
    let login = r#"{"username":"anna","password":"open sesame"}"#;
    let header = base64::engine::general_purpose::URL_SAFE.encode(login);
    ask(
        &format!("POST /v1.43/images/create?fromImage=localhost:{port}/x&tag=1"),
        &[],
        &format!("X-Registry-Auth: {header}"),
    )
}

fn no_redirect_takes_the_password_along() -> Result<()> {
    let _daemon = Daemon::start()?;
    let answers = image(<[u8]>::to_vec)?;
    let (seen_here, seen_there) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(String::new())));
    let (here, there, files) = (seen_here.clone(), seen_there.clone(), answers.clone());
    let elsewhere = serve_by(move |request, mut stream| {
        there.lock().unwrap().push_str(&request.headers);
        Ok(stream.write_all(&of(&files, &request.path))?)
    })?;
    let port = serve_by(move |request, mut stream| {
        here.lock().unwrap().push_str(&request.headers);
        let answer = match (request.headers.contains("authorization: basic"), request.path.contains("/blobs/")) {
            (false, _) => empty("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n"),
            (true, false) => of(&answers, &request.path),
            (true, true) => {
                // The same machine under another name: to HTTP it is another host.
                let location = format!("Location: http://127.0.0.1:{elsewhere}{}\r\n", request.path);
                empty("307 Temporary Redirect", &location)
            }
        };
        Ok(stream.write_all(&answer)?)
    })?;
    let answer = pull_with_password(port)?;
    ensure!(answer.contains("Downloaded newer image"), "{answer}");
    ensure!(seen_here.lock().unwrap().contains("authorization: basic"), "the password was never asked for");
    let there = seen_there.lock().unwrap();
    ensure!(there.contains("host:") && !there.contains("authorization"), "{there}");
    Ok(())
}

fn a_password_is_not_told_to_another_machine_without_tls() -> Result<()> {
    let _daemon = Daemon::start()?;
    let port = serve_by(|_, mut stream| {
        let wants = "WWW-Authenticate: Bearer realm=\"http://192.0.2.1/token\",service=\"s\"\r\n";
        Ok(stream.write_all(&empty("401 Unauthorized", wants))?)
    })?;
    let answer = pull_with_password(port)?;
    ensure!(answer.contains("would learn the password"), "{answer}");
    Ok(())
}

fn a_circle_of_redirects_ends() -> Result<()> {
    let asked = Arc::new(Mutex::new(0));
    let count = asked.clone();
    let port = serve_by(move |request, mut stream| {
        *count.lock().unwrap() += 1;
        Ok(stream.write_all(&empty("302 Found", &format!("Location: {}\r\n", request.path)))?)
    })?;
    let message = fails(&["pull", &format!("localhost:{port}/circle:1")])?;
    ensure!(message.contains("redirect"), "{message}");
    // Each of our few tries follows a few.
    let asked = *asked.lock().unwrap();
    ensure!((2..=40).contains(&asked), "{asked} requests");
    Ok(())
}

fn an_endless_manifest_or_blob_is_cut_off() -> Result<()> {
    let endless = |kind: &str, mut stream: &std::net::TcpStream| -> Result<()> {
        stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n").as_bytes())?;
        // It ends when nobody listens any more.
        loop {
            stream.write_all(&[b' '; 1 << 16])?;
        }
    };
    let port = serve_by(move |_, stream| endless(MANIFEST, stream))?;
    let message = fails(&["pull", &format!("localhost:{port}/endless:1")])?;
    ensure!(message.contains("cannot read the manifest"), "{message}");
    let answers = image(<[u8]>::to_vec)?;
    let port = serve_by(move |request, mut stream| match request.path.contains("/blobs/") {
        true => endless("application/octet-stream", stream),
        false => Ok(stream.write_all(&of(&answers, &request.path))?),
    })?;
    let message = fails(&["pull", &format!("localhost:{port}/endless:1")])?;
    ensure!(message.contains("more than the"), "{message}");
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    Ok(())
}

fn each_refusal_has_its_own_sentence() -> Result<()> {
    for (status, expected) in [
        ("401 Unauthorized", "pull access denied for x"),
        ("403 Forbidden", "pull access denied for x"),
        ("429 Too Many Requests", "too many requests"),
        ("500 Internal Server Error", "status 500"),
        ("418 I'm a teapot", "status 418"),
    ] {
        let port = serve_by(move |_, mut stream| Ok(stream.write_all(&empty(status, ""))?))?;
        let message = fails(&["pull", &format!("localhost:{port}/x:1")])?;
        ensure!(message.contains(expected), "{status}: {message}");
    }
    Ok(())
}

fn an_answer_cut_anywhere_leaves_nothing_and_the_next_try_works() -> Result<()> {
    let answers = image(<[u8]>::to_vec)?;
    let longest = answers.values().map(Vec::len).max().unwrap_or_default();
    // Within the head, at its end, within the body, before its last byte.
    for cut in [1, 20, 90, 110, 130, 200, longest - 1] {
        let files = answers.clone();
        let port = serve_by(move |request, mut stream| {
            let whole = of(&files, &request.path);
            Ok(stream.write_all(&whole[..whole.len().min(cut)])?)
        })?;
        let message = fails(&["pull", &format!("localhost:{port}/cut:1")])?;
        ensure!(message.contains("cannot") || message.contains("the registry"), "{cut}: {message}");
        ensure!(!succeeds(&["images"])?.contains("/cut"), "{cut}");
        ensure!(!succeeds(&["layer", "ls"])?.contains("image:"), "{cut}: a layer is left");
    }
    let port = serve_by(move |request, mut stream| Ok(stream.write_all(&of(&answers, &request.path))?))?;
    let name = format!("localhost:{port}/cut:1");
    succeeds(&["pull", &name])?;
    succeeds(&["rmi", &name])?;
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    Ok(())
}
