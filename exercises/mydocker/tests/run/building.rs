//! Images that are loaded, and built.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Output, Stdio};

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, needs};

use crate::network::{ask, needs_bridges};
use crate::running::{mydocker, stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        an_image_is_built_of_a_dockerfile_and_run_with_its_command,
        a_step_is_done_again_only_if_something_has_changed,
        a_copy_never_leaves_the_context,
        an_archive_is_loaded_and_a_changed_byte_is_noticed,
        a_built_image_serves_its_page_on_a_published_port,
    ]
}

/// In a store of the test's own.
pub fn run(home: &Path, arguments: &[&str], stdin: &[u8]) -> Result<Output> {
    needs::user_namespaces()?;
    let mut child = mydocker(arguments)
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("mydocker starts")?;
    // Refused archives aren't read to their end.
    let _ = std::io::Write::write_all(&mut child.stdin.take().context("its stdin")?, stdin);
    Ok(child.wait_with_output()?)
}

pub fn well(home: &Path, arguments: &[&str], stdin: &[u8]) -> Result<String> {
    let output = run(home, arguments, stdin)?;
    ensure!(output.status.success(), "{arguments:?}: {output:?}");
    Ok(stdout(&output))
}

fn context(home: &Path, dockerfile: &str) -> Result<String> {
    let context = home.join("context");
    fs::create_dir_all(context.join("site"))?;
    fs::write(context.join("Dockerfile"), dockerfile)?;
    fs::write(context.join("site/page"), "hello")?;
    Ok(context.display().to_string())
}

const DOCKERFILE: &str = "FROM hostbox\nCOPY site /srv/site\nRUN cat /srv/site/page \\\n  # twice\n  /srv/site/page >/srv/both\n\
                          CMD [\"cat\", \"/srv/both\"]\n";

fn an_image_is_built_of_a_dockerfile_and_run_with_its_command() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let context = context(home, DOCKERFILE)?;
    well(home, &["build", "-t", "alice/site:v1", &context], b"")?;
    let said = well(home, &["run", "--image", "alice/site:v1"], b"")?;
    ensure!(said == "hellohello", "{said}");
    let said = well(home, &["run", "--image", "docker.io/alice/site:v1", "ls", "/srv"], b"")?;
    ensure!(said == "both\nsite", "{said}");
    let failed = run(home, &["build", "-t", "bad", &self::context(home, "FROM hostbox\n\nRUN exit 7\n")?], b"")?;
    ensure!(failed.status.code() == Some(125), "{failed:?}");
    ensure!(stderr(&failed).contains("line 3: the command returned a non-zero code: 7"), "{failed:?}");
    Ok(())
}

/// The end of the book: what the learner's own Docker builds, it also serves.
fn a_built_image_serves_its_page_on_a_published_port() -> Result<()> {
    needs_bridges()?;
    needs::program("busybox")?;
    let home = tempfile::tempdir()?;
    let home = home.path();
    let served = "FROM hostbox\nCOPY site /srv/site\nRUN echo '<h1>built</h1>' >>/srv/site/page\nCMD [\"sh\", \"/srv/site/serve\"]\n";
    let context = context(home, served)?;
    let one = r#"read -r request; printf "HTTP/1.0 200 OK\r\n\r\n"; cat /srv/site/page"#;
    // It serves until its stdin ends.
    fs::write(
        Path::new(&context).join("site/serve"),
        format!("busybox nc -ll -p 80 -e sh -c '{one}' & echo ready; exec cat"),
    )?;
    well(home, &["build", "-t", "alice/site:v1", &context], b"")?;
    let mut container = mydocker(&["run", "-p", "8080:80", "--image", "alice/site:v1"])
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("mydocker starts")?;
    let answer = ask(8080, "GET / HTTP/1.0\r\n\r\n");
    drop(container.stdin.take());
    let status = container.wait()?;
    ensure!(answer?.ends_with("200 OK\r\n\r\nhello<h1>built</h1>\n"), "another answer");
    ensure!(status.success(), "{status}");
    Ok(())
}

fn a_step_is_done_again_only_if_something_has_changed() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let context = context(home, DOCKERFILE)?;
    let from_cache = || anyhow::Ok(well(home, &["build", "-t", "site", &context], b"")?.matches("Using cache").count());
    let first = from_cache()?;
    fs::write(Path::new(&context).join("site/page"), "hello")?;
    let second = from_cache()?;
    fs::write(Path::new(&context).join("site/page"), "bye")?;
    let third = from_cache()?;
    ensure!((first, second, third) == (0, 2, 0), "{first} {second} {third}");
    let said = well(home, &["run", "--image", "site"], b"")?;
    ensure!(said == "byebye", "{said}");
    Ok(())
}

fn a_copy_never_leaves_the_context() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    fs::write(home.join("secret"), "secret")?;
    for source in ["../secret", "link/secret", "link"] {
        let context = context(home, &format!("FROM hostbox\nCOPY {source} /srv/\n"))?;
        let link = Path::new(&context).join("link");
        if !link.is_symlink() {
            symlink(home, &link)?;
        }
        let output = run(home, &["build", "-t", "evil", &context], b"")?;
        ensure!(output.status.code() == Some(125) && stderr(&output).contains("line 2"), "{source}: {output:?}");
    }
    let none = run(home, &["run", "--image", "evil", "true"], b"")?;
    ensure!(stderr(&none).contains("there is no image evil"), "{none:?}");
    Ok(())
}

/// As `docker save` writes it, with one layer that is an archive of one file.
fn saved(page: &str) -> Result<Vec<u8>> {
    let mut layer = tar::Builder::new(Vec::new());
    append(&mut layer, "srv/page", page.as_bytes())?;
    let layer = layer.into_inner()?;
    let mut archive = tar::Builder::new(Vec::new());
    let mut blob = |bytes: &[u8]| -> Result<String> {
        let digest = digest_of(bytes);
        append(&mut archive, &format!("blobs/{}", digest.replace(':', "/")), bytes)?;
        Ok(format!("{{\"digest\":\"{digest}\",\"size\":{}", bytes.len()))
    };
    let layer = blob(&layer)?;
    let config = blob(br#"{"config":{"Cmd":["cat","/srv/page"]}}"#)?;
    let manifest = blob(format!("{{\"config\":{config}}},\"layers\":[{layer}}}]}}").as_bytes())?;
    let index = format!(
        "{{\"manifests\":[{manifest},\"annotations\":{{\"io.containerd.image.name\":\"docker.io/library/page:latest\"}}}}]}}"
    );
    append(&mut archive, "index.json", index.as_bytes())?;
    Ok(archive.into_inner()?)
}

pub fn digest_of(bytes: &[u8]) -> String {
    let hex =
        <sha2::Sha256 as sha2::Digest>::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("sha256:{hex}")
}

pub fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(bytes.len() as u64);
    archive.append_data(&mut header, name, bytes)?;
    Ok(())
}

fn an_archive_is_loaded_and_a_changed_byte_is_noticed() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    let archive = saved("an honest page")?;
    let text = b"an honest page";
    let at = archive.windows(text.len()).position(|window| window == text).context("the page is in it")?;
    let mut changed = archive.clone();
    changed[at] = b'A';
    let refused = run(home, &["load"], &changed)?;
    ensure!(refused.status.code() == Some(125), "{refused:?}");
    let blobs = home.join(".local/share/mydocker/blobs/sha256");
    ensure!(fs::read_dir(&blobs)?.count() == 0, "something of it was kept");
    let loaded = well(home, &["load"], &archive)?;
    ensure!(loaded.contains("docker.io/library/page:latest"), "{loaded}");
    let layer = fs::read_to_string(home.join(".local/share/mydocker/images/page"))?;
    let page = home.join(".local/share/mydocker/layers").join(layer.trim()).join("srv/page");
    ensure!(fs::read_to_string(page)? == "an honest page", "it isn't unpacked");
    Ok(())
}
