//! The whole command line with a daemon behind it: what is said is what is said without one.

use std::fs;
use std::path::Path;
use std::process::Output;

use anyhow::{Result, ensure};
use ch04_unionfs::digest::Digest;
use testkit::{Case, cases, eventually};

use crate::archives::{config, oci_archive, tar};
use crate::daemon::{Daemon, SOCKET};
use crate::registry::{answer_for, empty, image, serve_by};
use crate::world::{context, program, refused, said, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_daemon_shows_the_images_that_a_command_shows,
        a_daemon_builds_what_a_command_builds_and_from_the_same_cache,
        a_daemon_gets_the_files_that_are_not_ignored_and_no_others,
        a_failed_build_of_a_daemons_has_the_steps_status,
        a_build_whose_client_goes_away_ends_and_leaves_no_container,
        a_daemon_tags_and_removes_and_says_no_in_the_same_words,
        what_a_daemon_saves_it_loads_again,
        an_archive_that_breaks_off_is_not_taken_for_whole,
        a_daemon_imports_and_prunes,
        a_daemon_pulls_with_our_password_and_tells_its_progress,
        what_reads_this_machines_store_is_not_asked_of_a_daemon,
    ]
}

fn output(args: &[&str]) -> Result<Output> {
    let host = format!("unix://{SOCKET}");
    Ok(program(&[&["-H", &host], args].concat()).output()?)
}

/// What a daemon's answer looks like on the command line.
fn asked(args: &[&str]) -> Result<String> {
    said(output(args)?, args)
}

fn small_image(name: &str) -> Result<()> {
    let layer = tar(&[("f", b"content")])?;
    oci_archive(Path::new("/tmp/a.tar"), &layer, &config(&layer), &format!("docker.io/library/{name}"))?;
    asked(&["load", "-i", "/tmp/a.tar"]).map(drop)
}

fn a_daemon_shows_the_images_that_a_command_shows() -> Result<()> {
    let _daemon = Daemon::start()?;
    small_image("small:1")?;
    let directory = context(&[("Dockerfile", "FROM hostbox\nENV A=1\nRUN echo x > /x\nLABEL l=1\n")])?;
    asked(&["build", "-q", "-t", "built:1", directory])?;
    asked(&["build", "-q", "--no-cache", "-t", "built:1", directory])?;
    for args in [
        &["images"][..],
        &["images", "-q"],
        &["images", "built"],
        &["images", "--format", "json"],
        &["image", "ls"],
        &["history", "built:1"],
        &["image", "history", "small:1"],
        &["image", "inspect", "built:1"],
        &["image", "inspect", "--format", "{{.Config.Labels}}", "built:1"],
        &["inspect", "small:1", "built:1"],
    ] {
        // An age has seconds in it, and one may just pass.
        eventually(&format!("{args:?} says the same"), || {
            let (here, there) = (succeeds(args)?, asked(args)?);
            Ok(here == there && !here.is_empty())
        })?;
    }
    ensure!(asked(&["images"])?.contains("<none>"), "the image that lost its name");
    Ok(())
}

fn a_daemon_builds_what_a_command_builds_and_from_the_same_cache() -> Result<()> {
    let _daemon = Daemon::start()?;
    let text = "FROM hostbox AS first\nARG WORD=default\nCOPY --chown=1:2 d /d/\nRUN echo $WORD > /word\nFROM first\nCMD [\"cat\", \"/word\"]\n";
    let directory = context(&[("web.Dockerfile", text)])?;
    fs::create_dir_all("/tmp/context/d/empty")?;
    fs::write("/tmp/context/d/page", "page")?;
    std::os::unix::fs::symlink("page", "/tmp/context/d/link")?;
    let file = format!("{directory}/web.Dockerfile");
    let args = ["build", "-f", &file, "--build-arg", "WORD=given", "--label", "made=there", "-t", "web:1", directory];
    let first = asked(&args)?;
    for part in ["Step 3/6 : COPY", "Running in", "Successfully built", "Successfully tagged web:1"] {
        ensure!(first.contains(part), "{part}: {first}");
    }
    ensure!(!first.contains("Using cache"), "{first}");
    ensure!(succeeds(&["run", "--rm", "web:1"])? == "given");
    ensure!(succeeds(&["run", "--rm", "web:1", "cat", "/d/link"])? == "page");
    ensure!(asked(&["image", "inspect", "--format", "{{.Config.Labels.made}}", "web:1"])? == "there");
    // Here the files are read from the directory, there from the archive that was sent.
    let (here, there) = (succeeds(&args)?, asked(&args)?);
    for again in [&here, &there] {
        ensure!(again.matches("Using cache").count() == 4, "{again}");
    }
    ensure!(!asked(&["build", "--no-cache", "-f", &file, directory])?.contains("Using cache"));
    let stopped = asked(&["build", "--target", "first", "-f", &file, directory])?;
    ensure!(!stopped.contains("CMD"), "{stopped}");
    let id = asked(&["build", "-q", "-f", &file, directory])?;
    ensure!(id.starts_with("sha256:") && id.lines().count() == 1, "{id}");
    // And from an archive on stdin.
    fs::write("/tmp/context.tar", tar(&[("Dockerfile", b"FROM hostbox\nRUN echo piped > /p\n")])?)?;
    let host = format!("unix://{SOCKET}");
    let args = ["-H", &host, "build", "-t", "piped:1", "-"];
    said(program(&args).stdin(fs::File::open("/tmp/context.tar")?).output()?, &args)?;
    ensure!(succeeds(&["run", "--rm", "piped:1", "cat", "/p"])? == "piped");
    Ok(())
}

fn a_daemon_gets_the_files_that_are_not_ignored_and_no_others() -> Result<()> {
    let _daemon = Daemon::start()?;
    let ignored = "secret\n*.log\n!keep.log\nDockerfile\n.dockerignore\n";
    let directory = context(&[
        ("Dockerfile", "FROM hostbox\nCOPY . /c/\n"),
        (".dockerignore", ignored),
        ("a.log", "1"),
        ("keep.log", "2"),
        ("page", "3"),
    ])?;
    fs::create_dir_all("/tmp/context/secret")?;
    fs::write("/tmp/context/secret/key", "key")?;
    asked(&["build", "-t", "chosen:1", directory])?;
    let files = succeeds(&["run", "--rm", "chosen:1", "sh", "-c", "cd /c && find . -type f | sort"])?;
    ensure!(files == "./keep.log\n./page", "{files}");
    // What it is not given it can't copy, and what can't be read is named by us.
    context(&[("Dockerfile", "FROM hostbox\nCOPY secret/key /key\n")])?;
    let message = refused(output(&["build", directory])?, &["build"])?;
    ensure!(message.contains("file not found in build context"), "{message}");
    let message = refused(output(&["build", "/tmp/none"])?, &["build"])?;
    ensure!(message.contains("unable to prepare context") && message.contains("/tmp/none"), "{message}");
    Ok(())
}

fn a_failed_build_of_a_daemons_has_the_steps_status() -> Result<()> {
    let _daemon = Daemon::start()?;
    for (text, status) in [("FROM hostbox\nRUN exit 7\n", 7), ("FROM hostbox\nCOPY ../x /x\n", 125), ("NONE\n", 125)] {
        let directory = context(&[("Dockerfile", text)])?;
        let (here, there) = (program(&["build", directory]).output()?, output(&["build", directory])?);
        ensure!(
            there.status.code() == Some(status) && here.status.code() == Some(status),
            "{text}: {:?}",
            there.status
        );
        ensure!(here.stderr == there.stderr, "{}", String::from_utf8_lossy(&there.stderr));
    }
    Ok(())
}

fn a_build_whose_client_goes_away_ends_and_leaves_no_container() -> Result<()> {
    let _daemon = Daemon::start()?;
    let host = format!("unix://{SOCKET}");
    for quiet in [false, true] {
        let directory = context(&[("Dockerfile", "FROM hostbox\nRUN echo begun; sleep 1000\n")])?;
        let args =
            [&["-H", &host, "build", "-t", "cut:1"][..], if quiet { &["-q"][..] } else { &[] }, &[directory]].concat();
        let mut build = program(&args).stdout(std::process::Stdio::null()).spawn()?;
        eventually("the step runs", || Ok(!succeeds(&["ps", "-q"])?.is_empty()))?;
        build.kill()?;
        build.wait()?;
        eventually("its container is gone", || Ok(succeeds(&["ps", "-aq"])?.is_empty()))?;
        ensure!(!succeeds(&["images"])?.contains("cut"));
    }
    ensure!(succeeds(&["system", "check"])?.ends_with(" 0 damaged"));
    Ok(())
}

fn a_daemon_tags_and_removes_and_says_no_in_the_same_words() -> Result<()> {
    let _daemon = Daemon::start()?;
    small_image("small:1")?;
    asked(&["tag", "small:1", "localhost:5000/other:2"])?;
    ensure!(succeeds(&["images"])?.contains("localhost:5000/other"));
    succeeds(&["create", "--name", "user", "small:1", "/f"])?;
    let id = succeeds(&["images", "-q"])?;
    for args in [
        &["rmi", "none:1"][..],
        &["rmi", &id],
        &["tag", "none", "other"],
        &["history", "none"],
        &["image", "inspect", "none"],
        &["inspect", "none"],
        &["save", "none"],
        &["load", "-i", "/tmp/none.tar"],
        &["import", "/tmp/none.tar"],
    ] {
        let (here, there) = (program(args).output()?, output(args)?);
        ensure!(!there.status.success() && here.status == there.status, "{args:?}: {:?}", there.status);
        let there = String::from_utf8_lossy(&there.stderr);
        ensure!(here.stderr == there.as_bytes() && !there.is_empty(), "{args:?}: {there}");
    }
    ensure!(asked(&["rmi", "localhost:5000/other:2"])? == "Untagged: localhost:5000/other:2");
    let message = refused(output(&["rmi", "small:1"])?, &["rmi"])?;
    ensure!(message.contains("is using it"), "{message}");
    asked(&["rm", "user"])?;
    let gone = asked(&["rmi", "small:1"])?;
    ensure!(gone.starts_with("Untagged: small:1\nDeleted: sha256:"), "{gone}");
    ensure!(crate::world::blobs()?.is_empty(), "{:?}", crate::world::blobs()?);
    Ok(())
}

fn what_a_daemon_saves_it_loads_again() -> Result<()> {
    let _daemon = Daemon::start()?;
    small_image("small:1")?;
    succeeds(&["tag", "small:1", "small:2"])?;
    let id = asked(&["images", "-q"])?;
    asked(&["save", "-o", "/tmp/saved.tar", "small:1", "small:2"])?;
    succeeds(&["save", "-o", "/tmp/here.tar", "small:1", "small:2"])?;
    ensure!(fs::read("/tmp/saved.tar")? == fs::read("/tmp/here.tar")?, "the archives differ");
    asked(&["rmi", "small:1", "small:2"])?;
    ensure!(asked(&["load", "-i", "/tmp/saved.tar"])? == "Loaded image: small:1\nLoaded image: small:2");
    ensure!(asked(&["images", "-q"])? == id);
    ensure!(!output(&["save", "-o", "/tmp/no.tar", "none:1"])?.status.success() && !Path::new("/tmp/no.tar").exists());
    Ok(())
}

fn an_archive_that_breaks_off_is_not_taken_for_whole() -> Result<()> {
    let _daemon = Daemon::start()?;
    small_image("small:1")?;
    // The layer is missing: what comes before it has been sent when the daemon sees that.
    let layer = Digest::compute(&tar(&[("f", b"content")])?);
    fs::remove_file(Path::new("/tmp/store/data/images/blobs/sha256").join(layer.hex()))?;
    let message = refused(output(&["save", "-o", "/tmp/cut.tar", "small:1"])?, &["save"])?;
    // Of so small an archive nothing may have been sent yet.
    ensure!(message.contains("broke off") || message.contains("did not answer"), "{message}");
    ensure!(!Path::new("/tmp/cut.tar").exists());
    Ok(())
}

fn a_daemon_imports_and_prunes() -> Result<()> {
    let _daemon = Daemon::start()?;
    fs::write("/tmp/root.tar", tar(&[("f", b"content")])?)?;
    let id = asked(&["import", "/tmp/root.tar", "imported:1"])?;
    ensure!(id.starts_with("sha256:") && succeeds(&["inspect", "--format", "{{.Id}}", "imported:1"])? == id, "{id}");
    let host = format!("unix://{SOCKET}");
    let args = ["-H", &host, "import", "-"];
    let nameless = said(program(&args).stdin(fs::File::open("/tmp/root.tar")?).output()?, &args)?;
    ensure!(nameless.starts_with("sha256:") && asked(&["images"])?.contains("<none>"));
    ensure!(asked(&["image", "prune"])?.contains(&format!("Deleted: {nameless}")));
    asked(&["build", "-q", context(&[("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")])?])?;
    let gone = asked(&["image", "prune", "--steps"])?;
    ensure!(gone.matches("Deleted: sha256:").count() >= 2, "{gone}");
    ensure!(succeeds(&["images"])?.lines().count() == 2, "the one with a name stays");
    ensure!(succeeds(&["system", "check"])?.ends_with(" 0 left over, 0 damaged"));
    Ok(())
}

fn a_daemon_pulls_with_our_password_and_tells_its_progress() -> Result<()> {
    let _daemon = Daemon::start()?;
    let answers = image(<[u8]>::to_vec)?;
    let port = serve_by(move |request, mut stream| {
        // anna:open sesame
        let is_anna = request.headers.contains("authorization: basic yw5uytpvcgvuihnlc2ftzq==");
        let wants = "WWW-Authenticate: Basic realm=\"x\"\r\n";
        let answer = if is_anna { answer_for(&answers, &request.path) } else { empty("401 Unauthorized", wants) };
        Ok(std::io::Write::write_all(&mut stream, &answer)?)
    })?;
    let name = format!("localhost:{port}/pulled:1");
    let message = refused(output(&["pull", &name])?, &["pull"])?;
    ensure!(message.contains("requires a login") && message.contains("cure: docker login"), "{message}");
    fs::create_dir_all("/tmp/docker")?;
    let login = format!(r#"{{"auths": {{"localhost:{port}": {{"auth": "YW5uYTpvcGVuIHNlc2FtZQ=="}}}}}}"#);
    fs::write("/tmp/docker/config.json", login)?;
    let host = format!("unix://{SOCKET}");
    let with_login = |args: &[&str]| -> Result<Output> {
        let args = [&["-H", host.as_str()], args].concat();
        Ok(program(&args).env("DOCKER_CONFIG", "/tmp/docker").output()?)
    };
    let pulled = with_login(&["pull", &name])?;
    let told = String::from_utf8_lossy(&pulled.stderr).into_owned();
    ensure!(said(pulled, &["pull"])? == name, "{told}");
    for status in ["Download complete", "Pull complete"] {
        ensure!(told.lines().any(|line| line.len() > 14 && line[12..] == format!(": {status}")), "{status}: {told}");
    }
    let quiet = with_login(&["pull", "-q", &name])?;
    ensure!(quiet.status.success() && quiet.stderr.is_empty());
    asked(&["rmi", &name])?;
    // A build and a run pull, too.
    let directory = context(&[("Dockerfile", &format!("FROM {name}\nCMD [\"/f\"]\n"))])?;
    let args = ["build", "-t", "on:1", directory];
    said(with_login(&args)?, &args)?;
    asked(&["rmi", "-f", "on:1"])?;
    let args = ["create", &name, "/f"];
    said(with_login(&args)?, &args)?;
    Ok(())
}

fn what_reads_this_machines_store_is_not_asked_of_a_daemon() -> Result<()> {
    let message = refused(output(&["system", "check"])?, &["system", "check"])?;
    ensure!(message.contains("can't be asked of the daemon") && message.contains("cure: leave --host"), "{message}");
    let message = refused(output(&["images"])?, &["images"])?;
    ensure!(message.contains("cannot connect to the daemon") && message.contains("cure: start one there"), "{message}");
    Ok(())
}
