//! A registry that wants our password, our disk, or our time.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use ch04_unionfs::digest::Digest;
use serde_json::json;
use testkit::{Case, cases, eventually};

use crate::daemon::{Daemon, ask};
use crate::registry::{Answers, MANIFEST, answer, answer_for, empty, image, image_of, serve_by};
use crate::world::{blobs, fails, program, refused, said, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        no_redirect_takes_the_password_along,
        a_password_is_not_told_to_another_machine_without_tls,
        who_is_behind_a_redirect_cannot_ask_for_the_password,
        what_no_image_has_is_not_downloaded,
        a_circle_of_redirects_ends,
        an_endless_manifest_or_blob_is_cut_off,
        each_refusal_has_its_own_sentence,
        an_answer_cut_anywhere_leaves_nothing_and_the_next_try_works,
        a_blob_that_breaks_off_is_asked_for_again_from_where_it_was,
        a_registry_that_stands_still_is_given_up,
        other_answers_than_the_digest_promises_are_refused_everywhere,
        of_an_index_the_image_for_this_machine_is_pulled,
        progress_is_told_in_lines_and_as_docker_does_in_json,
        a_layer_is_unpacked_while_it_is_downloaded,
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
        Ok(stream.write_all(&answer_for(&files, &request.path))?)
    })?;
    let port = serve_by(move |request, mut stream| {
        here.lock().unwrap().push_str(&request.headers);
        let answer = match (request.headers.contains("authorization: basic"), request.path.contains("/blobs/")) {
            (false, _) => empty("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n"),
            (true, false) => answer_for(&answers, &request.path),
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

fn who_is_behind_a_redirect_cannot_ask_for_the_password() -> Result<()> {
    let _daemon = Daemon::start()?;
    let answers = image(<[u8]>::to_vec)?;
    let seen = Arc::new(Mutex::new(String::new()));
    let there = seen.clone();
    let elsewhere = serve_by(move |request, mut stream| {
        there.lock().unwrap().push_str(&request.headers);
        let host = request.headers.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let wants = format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"s\"\r\n");
        Ok(stream.write_all(&empty("401 Unauthorized", &wants))?)
    })?;
    let port = serve_by(move |request, mut stream| {
        let answer = match request.path.contains("/blobs/") {
            false => answer_for(&answers, &request.path),
            true => {
                let location = format!("Location: http://127.0.0.1:{elsewhere}{}\r\n", request.path);
                empty("307 Temporary Redirect", &location)
            }
        };
        Ok(stream.write_all(&answer)?)
    })?;
    let answer = pull_with_password(port)?;
    ensure!(answer.contains("pull access denied"), "{answer}");
    let there = seen.lock().unwrap();
    ensure!(there.contains("host:") && !there.contains("authorization"), "{there}");
    Ok(())
}

fn what_no_image_has_is_not_downloaded() -> Result<()> {
    for (place, expected) in [("/config/size", "a configuration of"), ("/layers/0/size", "a layer of")] {
        let answers = image(<[u8]>::to_vec)?;
        let (bytes, _) = manifest_and_layer(&answers)?;
        let mut manifest: serde_json::Value = serde_json::from_slice(&bytes)?;
        *manifest.pointer_mut(place).context("no such place")? = json!(1u64 << 62);
        let manifest = answer(MANIFEST, manifest.to_string().as_bytes());
        let port = serve_by(move |_, mut stream| Ok(stream.write_all(&manifest)?))?;
        let message = fails(&["pull", &format!("localhost:{port}/huge:1")])?;
        ensure!(message.contains(expected), "{message}");
    }
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
        false => Ok(stream.write_all(&answer_for(&answers, &request.path))?),
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

fn manifest_and_layer(answers: &Answers) -> Result<(Vec<u8>, String)> {
    let body = |whole: &[u8]| {
        let end = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_default();
        whole[end + 4..].to_vec()
    };
    let manifest = body(&answers["/manifests/1"]);
    let read: serde_json::Value = serde_json::from_slice(&manifest)?;
    let layer = read["layers"][0]["digest"].as_str().unwrap_or_default().to_string();
    Ok((manifest, layer))
}

fn an_answer_cut_anywhere_leaves_nothing_and_the_next_try_works() -> Result<()> {
    let answers = image(<[u8]>::to_vec)?;
    let longest = answers.values().map(Vec::len).max().unwrap_or_default();
    // Within the head, at its end, within the body, before its last byte. Each in a thread: a pull
    // waits before it asks again.
    let cuts = [1, 20, 90, 110, 130, 200, longest - 1];
    let pull_cut = |cut: usize, only_blobs: bool| -> Result<String> {
        let files = answers.clone();
        let port = serve_by(move |request, mut stream| {
            let whole = answer_for(&files, &request.path);
            let is_cut = !only_blobs || request.path.contains("/blobs/");
            Ok(stream.write_all(&whole[..if is_cut { whole.len().min(cut) } else { whole.len() }])?)
        })?;
        fails(&["pull", &format!("localhost:{port}/cut:1")]).with_context(|| format!("{cut} {only_blobs}"))
    };
    let pulls = cuts.iter().flat_map(|cut| [(*cut, false), (*cut, true)]);
    let messages = std::thread::scope(|scope| {
        let pulls: Vec<_> = pulls.map(|(cut, blobs)| scope.spawn(move || pull_cut(cut, blobs))).collect();
        pulls.into_iter().map(|pull| pull.join().expect("no panic")).collect::<Result<Vec<_>>>()
    })?;
    for message in messages {
        ensure!(message.contains("cannot") || message.contains("the registry"), "{message}");
    }
    ensure!(!succeeds(&["images"])?.contains("/cut"));
    ensure!(!succeeds(&["layer", "ls"])?.contains("image:"), "a layer is left");
    let port = serve_by(move |request, mut stream| Ok(stream.write_all(&answer_for(&answers, &request.path))?))?;
    let name = format!("localhost:{port}/cut:1");
    succeeds(&["pull", &name])?;
    ensure!(succeeds(&["system", "check"])?.ends_with(" 0 damaged"));
    succeeds(&["rmi", &name])?;
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    Ok(())
}

/// A registry that breaks off in the middle of a blob, or stands still there; the next time not.
fn a_blob_that_breaks_off_is_asked_for_again_from_where_it_was() -> Result<()> {
    let answers = image(<[u8]>::to_vec)?;
    let (_, layer) = manifest_and_layer(&answers)?;
    for (knows_ranges, stalls) in [(true, false), (false, false), (true, true)] {
        let (files, path) = (answers.clone(), format!("/blobs/{layer}"));
        let ranges = Arc::new(Mutex::new(Vec::new()));
        let (asked, mut held) = (ranges.clone(), Vec::new());
        let port = serve_by(move |request, mut stream| {
            let whole = answer_for(&files, &request.path);
            if !request.path.ends_with(&path) {
                return Ok(stream.write_all(&whole)?);
            }
            let range = request.headers.lines().find_map(|line| line.strip_prefix("range: bytes="));
            asked.lock().unwrap().push(range.map(String::from));
            let head = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_default() + 4;
            let from: usize = range.and_then(|range| range.strip_suffix('-')?.parse().ok()).unwrap_or(0);
            match (range, knows_ranges) {
                // The first time it stops after 1000 bytes, the second time after 600 more.
                (None, _) | (Some("1000-"), false) if asked.lock().unwrap().len() < 2 => {
                    stream.write_all(&whole[..head + 1000])?;
                    if stalls {
                        held.push(stream.try_clone()?);
                    }
                    Ok(())
                }
                (Some(_), true) => {
                    let rest = &whole[head + from..];
                    let more = if from == 1000 { &rest[..600] } else { rest };
                    let length = rest.len();
                    let first = format!(
                        "HTTP/1.1 206 Partial Content\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                    );
                    stream.write_all(first.as_bytes())?;
                    Ok(stream.write_all(more)?)
                }
                _ => Ok(stream.write_all(&whole)?),
            }
        })?;
        let name = format!("localhost:{port}/again:1");
        let args = ["pull", &name];
        said(program(&args).env("CORACLE_REGISTRY_TIMEOUT", "0.5").output()?, &args)?;
        let asked = ranges.lock().unwrap().clone();
        let some = |text: &str| Some(text.to_string());
        let expected = if knows_ranges { vec![None, some("1000-"), some("1600-")] } else { vec![None, some("1000-")] };
        ensure!(asked == expected, "{knows_ranges} {stalls}: {asked:?}");
        succeeds(&["rmi", &name])?;
        ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    }
    Ok(())
}

fn a_registry_that_stands_still_is_given_up() -> Result<()> {
    let answers = image(<[u8]>::to_vec)?;
    for (part, expected) in [("/manifests/", "cannot read the manifest"), ("/blobs/", "the registry sent nothing")] {
        let (files, mut held) = (answers.clone(), Vec::new());
        let port = serve_by(move |request, mut stream| {
            let whole = answer_for(&files, &request.path);
            if !request.path.contains(part) {
                return Ok(stream.write_all(&whole)?);
            }
            stream.write_all(&whole[..whole.len() - 5])?;
            held.push(stream.try_clone()?);
            Ok(())
        })?;
        let (begun, args) = (Instant::now(), ["pull", &format!("localhost:{port}/still:1")]);
        let message = refused(program(&args).env("CORACLE_REGISTRY_TIMEOUT", "0.2").output()?, &args)?;
        ensure!(message.contains(expected), "{part}: {message}");
        // Four times, and the waits between: this registry would keep us for ever.
        ensure!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    }
    ensure!(blobs()?.is_empty(), "{:?}", blobs()?);
    Ok(())
}

fn other_answers_than_the_digest_promises_are_refused_everywhere() -> Result<()> {
    let answers = image(<[u8]>::to_vec)?;
    let (manifest, layer) = manifest_and_layer(&answers)?;
    let config = serde_json::from_slice::<serde_json::Value>(&manifest)?["config"]["digest"].clone();
    let config = config.as_str().unwrap_or_default().to_string();
    let digest = Digest::compute(&manifest);
    // As large as the true one, and also valid.
    let other = String::from_utf8(manifest.clone())?.replace(&layer, &format!("sha256:{:064}", 7));
    let lie = answer(MANIFEST, other.as_bytes());
    let index = answer(INDEX, index_of(&[(&manifest, "linux", ours())]).as_bytes());
    let mut cases = Vec::new();
    // The configuration, under its own digest.
    let mut lies = answers.clone();
    let mut whole = lies[&format!("/blobs/{config}")].clone();
    *whole.last_mut().expect("not empty") = b' ';
    lies.insert(format!("/blobs/{config}"), whole);
    cases.push((lies, "x:1".to_string(), "not what was promised"));
    // A manifest that is requested by digest.
    let mut lies = answers.clone();
    lies.insert(format!("/manifests/{digest}"), lie.clone());
    cases.push((lies, format!("x@{digest}"), "another manifest than was asked for"));
    // The manifest that an index names.
    let mut lies = answers;
    lies.insert("/manifests/1".into(), index);
    lies.insert(format!("/manifests/{digest}"), lie);
    cases.push((lies, "x:1".into(), "another manifest than was asked for"));
    for (lies, name, expected) in cases {
        let port = serve_by(move |request, mut stream| Ok(stream.write_all(&answer_for(&lies, &request.path))?))?;
        let message = fails(&["pull", &format!("localhost:{port}/{name}")])?;
        ensure!(message.contains(expected), "{name}: {message}");
        ensure!(succeeds(&["images", "-q"])?.is_empty() && blobs()?.is_empty(), "{:?}", blobs()?);
    }
    Ok(())
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn ours() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn index_of(manifests: &[(&[u8], &str, &str)]) -> String {
    let entry = |(manifest, os, architecture): &(&[u8], &str, &str)| {
        json!({"mediaType": MANIFEST, "digest": Digest::compute(manifest), "size": manifest.len(),
               "platform": {"os": os, "architecture": architecture}})
    };
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests.iter().map(entry).collect::<Vec<_>>()})
        .to_string()
}

fn of_an_index_the_image_for_this_machine_is_pulled() -> Result<()> {
    let mut answers = image(<[u8]>::to_vec)?;
    let (manifest, _) = manifest_and_layer(&answers)?;
    let others = [(&b"{}"[..], "linux", "mips"), (&b"[]"[..], "windows", ours())];
    let index = index_of(&[others[0], (&manifest, "linux", ours()), others[1]]);
    answers.insert("/manifests/1".into(), answer(INDEX, index.as_bytes()));
    answers.insert("/manifests/2".into(), answer(INDEX, index_of(&others).as_bytes()));
    answers.insert("/manifests/3".into(), answer(INDEX, b"{\"manifests\": 3}"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let port = serve_by(move |request, mut stream| {
        seen.lock().unwrap().push(request.path.clone());
        Ok(stream.write_all(&answer_for(&answers, &request.path))?)
    })?;
    let name = format!("localhost:{port}/many:1");
    succeeds(&["pull", &name])?;
    ensure!(asked.lock().unwrap()[1].ends_with(&format!("/manifests/{}", Digest::compute(&manifest))), "{asked:?}");
    ensure!(succeeds(&["images"])?.contains("/many"));
    let message = fails(&["pull", &format!("localhost:{port}/many:2")])?;
    ensure!(message.contains("no matching manifest") && message.contains("linux/mips"), "{message}");
    let message = fails(&["pull", &format!("localhost:{port}/many:3")])?;
    ensure!(message.contains("the index can't be read"), "{message}");
    Ok(())
}

/// Of some megabytes: then there is something to tell.
fn progress_is_told_in_lines_and_as_docker_does_in_json() -> Result<()> {
    let content: Vec<u8> = (0..3u32 << 20).map(|byte| (byte.wrapping_mul(2654435761) >> 13) as u8).collect();
    let layer = crate::archives::tar(&[("f", &content)])?;
    let answers = image_of(&layer, <[u8]>::to_vec);
    let short = Digest::compute(&layer).short();
    let port = serve_by(move |request, mut stream| Ok(stream.write_all(&answer_for(&answers, &request.path))?))?;
    let name = format!("localhost:{port}/told:1");
    let told = program(&["pull", &name]).output()?;
    let lines = String::from_utf8_lossy(&told.stderr).into_owned();
    let expected = [format!("{short}: Download complete"), format!("{short}: Pull complete")];
    ensure!(lines.lines().eq(expected.iter().map(String::as_str)), "{lines}");
    ensure!(said(program(&["pull", &name]).output()?, &["pull"])? == name);
    let again = program(&["pull", &name]).output()?;
    let lines = String::from_utf8_lossy(&again.stderr).into_owned();
    ensure!(lines.trim_end() == format!("{short}: Already exists"), "{lines}");
    succeeds(&["rmi", &name])?;
    let _daemon = Daemon::start()?;
    let pull = || ask(&format!("POST /v1.43/images/create?fromImage=localhost:{port}/told&tag=1"), &[], "");
    let of = |answer: &str| -> Vec<serde_json::Value> {
        answer.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(serde_json::Value::is_object).collect()
    };
    let lines = of(&pull()?);
    let status = |line: &serde_json::Value| line["status"].as_str().unwrap_or_default().to_string();
    ensure!(status(&lines[0]) == "Pulling from told" && lines[0]["id"] == "1", "{lines:?}");
    let of_layer: Vec<_> = lines.iter().filter(|line| line["id"] == short.as_str()).collect();
    let grows: Vec<u64> = of_layer
        .iter()
        .filter(|line| status(line) == "Downloading")
        .map(|line| line["progressDetail"]["current"].as_u64().unwrap_or_default())
        .collect();
    ensure!(grows.len() >= 3 && grows.is_sorted() && grows[0] == 0, "{grows:?}");
    ensure!(of_layer[0]["progressDetail"]["total"] == layer.len(), "{of_layer:?}");
    ensure!(of_layer.iter().any(|line| status(line) == "Pull complete"), "{of_layer:?}");
    let last: Vec<String> = lines[lines.len() - 2..].iter().map(status).collect();
    ensure!(last[0].starts_with("Digest: sha256:"), "{last:?}");
    ensure!(last[1] == format!("Status: Downloaded newer image for {name}"), "{last:?}");
    let again = of(&pull()?);
    ensure!(status(&again[again.len() - 1]) == format!("Status: Image is up to date for {name}"), "{again:?}");
    Ok(())
}

/// A layer is unpacked while it comes: what is in it already is on disk before its end is sent.
fn a_layer_is_unpacked_while_it_is_downloaded() -> Result<()> {
    let first = vec![b'1'; 1 << 20];
    let layer = crate::archives::tar(&[("first", &first), ("second", &vec![b'2'; 1 << 20])])?;
    let answers = image_of(&layer, <[u8]>::to_vec);
    let (path, (go, gone)) = (format!("/blobs/{}", Digest::compute(&layer)), mpsc::channel::<bool>());
    let port = serve_by(move |request, mut stream| {
        let whole = answer_for(&answers, &request.path);
        if !request.path.ends_with(&path) {
            return Ok(stream.write_all(&whole)?);
        }
        let half = whole.len() - (1 << 20);
        stream.write_all(&whole[..half])?;
        let is_true = gone.recv()?;
        let mut rest = whole[half..].to_vec();
        if !is_true {
            rest.fill(b'x');
        }
        Ok(stream.write_all(&rest)?)
    })?;
    let name = format!("localhost:{port}/flows:1");
    for is_true in [false, true] {
        let mut pull = program(&["pull", &name]).stderr(Stdio::null()).stdout(Stdio::null()).spawn()?;
        eventually("the first file is there", || Ok(files_named("first", Path::new("/tmp/store/data"))? == 1))?;
        ensure!(!succeeds(&["images"])?.contains("/flows"));
        go.send(is_true)?;
        ensure!(pull.wait()?.success() == is_true);
        // Other bytes than those that were promised: what was unpacked of them goes.
        let expected = usize::from(is_true);
        ensure!(files_named("first", Path::new("/tmp/store/data"))? == expected, "{is_true}");
        ensure!(succeeds(&["layer", "ls"])?.matches("image:").count() == expected, "{is_true}");
    }
    ensure!(succeeds(&["system", "check"])?.ends_with(" 0 left over, 0 damaged"));
    Ok(())
}

/// How many files have a name.
fn files_named(name: &str, directory: &Path) -> Result<usize> {
    let mut found = 0;
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        found += if is_directory { files_named(name, &entry.path())? } else { usize::from(entry.file_name() == name) };
    }
    Ok(found)
}
