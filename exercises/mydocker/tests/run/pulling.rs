//! Images from a registry on this machine.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread::spawn;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases};

use crate::building::{append, digest_of, run, well};
use crate::running::{stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        an_image_is_pulled_for_this_machine_and_run,
        what_a_registry_changes_is_noticed,
        a_registry_that_has_none_or_is_elsewhere_is_an_error_with_its_reason,
    ]
}

/// What a registry has, by path.
type Content = HashMap<String, Vec<u8>>;

/// One repository, `app`: an index with a manifest for this machine, of one layer.
fn content(page: &str) -> Result<Content> {
    let mut layer = tar::Builder::new(Vec::new());
    append(&mut layer, "srv/page", page.as_bytes())?;
    let mut content = Content::new();
    let mut add = |kind: &str, bytes: Vec<u8>| {
        let described = format!("\"digest\":\"{}\",\"size\":{}", digest_of(&bytes), bytes.len());
        content.insert(format!("/v2/app/{kind}/{}", digest_of(&bytes)), bytes);
        described
    };
    let layer = add("blobs", layer.into_inner()?);
    let config = add("blobs", br#"{"config":{"Cmd":["cat","/srv/page"]}}"#.to_vec());
    let manifest = add("manifests", format!("{{\"config\":{{{config}}},\"layers\":[{{{layer}}}]}}").into_bytes());
    let architecture = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
    let platform =
        |architecture: &str| format!("\"platform\":{{\"os\":\"linux\",\"architecture\":\"{architecture}\"}}");
    let other = format!("\"digest\":\"{}\",\"size\":5", digest_of(b"other"));
    let index =
        format!("{{\"manifests\":[{{{other},{}}},{{{manifest},{}}}]}}", platform("s390x"), platform(architecture));
    content.insert("/v2/app/manifests/latest".into(), index.into_bytes());
    Ok(content)
}

/// Serves until the test ends; returns where.
fn serve(content: Content) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("localhost:{}", listener.local_addr()?.port());
    spawn(move || {
        for client in listener.incoming().flatten() {
            let _ = answer(client, &content);
        }
    });
    Ok(address)
}

fn answer(mut client: TcpStream, content: &Content) -> Result<()> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let first = lines.next().context("a request")??;
    // Its head has to be read, or closing resets the connection.
    lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
    let path = first.split(' ').nth(1).context("a path")?;
    match content.get(path) {
        None => write!(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?,
        Some(body) => {
            let (length, digest) = (body.len(), digest_of(body));
            write!(client, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ndocker-content-digest: {digest}\r\n\r\n")?;
            client.write_all(body)?;
        }
    }
    Ok(())
}

fn blobs(home: &Path) -> Result<Vec<String>> {
    let directory = home.join(".local/share/mydocker/blobs/sha256");
    let names = fs::read_dir(directory)?.map(|entry| Ok(format!("sha256:{}", entry?.file_name().display())));
    names.collect()
}

fn an_image_is_pulled_for_this_machine_and_run() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let image = format!("{}/app", serve(content("from a registry")?)?);
    let said = well(home, &["pull", &image], b"")?;
    ensure!(said == format!("Pulled image: {image}"), "{said}");
    let layer = fs::read_dir(home.join(".local/share/mydocker/layers"))?.next().context("a layer")??;
    ensure!(fs::read_to_string(layer.path().join("srv/page"))? == "from a registry");
    // The layer has no programs.
    let none = run(home, &["run", "--image", &image], b"")?;
    ensure!(none.status.code() == Some(127) && stderr(&none).contains("cat: not found"), "{none:?}");
    // What is there isn't fetched again, and the name stays the same.
    well(home, &["pull", &format!("{image}:latest")], b"")?;
    Ok(())
}

fn what_a_registry_changes_is_noticed() -> Result<()> {
    let honest = content("an honest page")?;
    for path in honest.keys().filter(|path| !path.ends_with("latest")) {
        let home = tempfile::tempdir()?;
        let home = home.path();
        let mut hostile = honest.clone();
        let changed = hostile.get_mut(path).context("it is there")?;
        // Same length: only the digest is wrong.
        *changed.last_mut().context("it has bytes")? ^= 1;
        let image = format!("{}/app", serve(hostile)?);
        let refused = run(home, &["pull", &image], b"")?;
        let digest = path.rsplit('/').next().context("a digest")?;
        ensure!(refused.status.code() == Some(125) && stderr(&refused).contains(digest), "{path}: {refused:?}");
        ensure!(!blobs(home)?.contains(&digest.to_string()), "{path}: it was kept");
        let none = run(home, &["run", "--image", &image, "true"], b"")?;
        ensure!(stderr(&none).contains("there is no image"), "{none:?}");
    }
    Ok(())
}

fn a_registry_that_has_none_or_is_elsewhere_is_an_error_with_its_reason() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let here = serve(content("a page")?)?;
    for (image, why) in [
        (format!("{here}/other"), "the registry has none"),
        (format!("{here}/app:v2"), "the registry has none"),
        ("localhost:1/app".into(), "does it listen there?"),
        ("nginx".into(), "docker.io is no registry on this machine"),
        ("192.0.2.1:5000/app".into(), "cure: localhost:5000"),
        (format!("{here}/../app"), "is no repository"),
    ] {
        let output = run(home, &["pull", &image], b"")?;
        ensure!(output.status.code() == Some(125) && stdout(&output).is_empty(), "{image}: {output:?}");
        ensure!(stderr(&output).contains(why), "{image}: {output:?}");
    }
    ensure!(blobs(home)?.is_empty(), "{:?}", blobs(home)?);
    Ok(())
}
