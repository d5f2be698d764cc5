//! Images: imported, run on, and what has changed.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases, needs};

use crate::running::{mydocker, stderr, stdout};

pub fn cases() -> Vec<Case> {
    cases![
        a_container_on_an_image_changes_nothing_but_its_own,
        a_whiteout_deletes_and_a_copy_lacks_what_was_deleted,
        an_archive_that_leads_out_is_refused_and_leaves_nothing,
    ]
}

/// In a store of the test's own.
fn run(home: &Path, arguments: &[&str], archive: &[u8]) -> Result<Output> {
    needs::user_namespaces()?;
    let mut child = mydocker(arguments)
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("mydocker starts")?;
    // Refused archives aren't read to their end.
    let _ = child.stdin.take().context("its stdin")?.write_all(archive);
    Ok(child.wait_with_output()?)
}

fn well(home: &Path, arguments: &[&str], archive: &[u8]) -> Result<String> {
    let output = run(home, arguments, archive)?;
    ensure!(output.status.success(), "{arguments:?}: {output:?}");
    Ok(stdout(&output))
}

fn archive(files: &[(&str, &str)]) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(text.len() as u64);
        // As a hostile archive has it: `set_path` would refuse a name that leads upwards.
        header.as_gnu_mut().context("it is one")?.name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        archive.append(&header, text.as_bytes())?;
    }
    Ok(archive.into_inner()?)
}

fn a_container_on_an_image_changes_nothing_but_its_own() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    well(home, &["import", "--parent", "hostbox", "app"], &archive(&[("srv/port", "80"), ("srv/old", "")])?)?;
    let script = "cat /srv/port; echo 8080 >/srv/port; rm /srv/old; touch /srv/new; cat /srv/port";
    for place in ["--no-lab", "--init"] {
        let said = well(home, &["run", place, "--image", "app", "--name", "one", "sh", "-c", script], b"")?;
        ensure!(said == "808080", "{place}: {said}");
        let changes = well(home, &["diff", "one"], b"")?;
        ensure!(changes == "C /srv\nA /srv/new\nD /srv/old\nC /srv/port", "{place}: {changes}");
        let other = well(home, &["run", place, "--image", "app", "--name", "two", "ls", "/srv"], b"")?;
        ensure!(other == "old\nport" && well(home, &["diff", "two"], b"")?.is_empty(), "{place}: {other}");
    }
    Ok(())
}

fn a_whiteout_deletes_and_a_copy_lacks_what_was_deleted() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    for storage in ["overlay", "vfs"] {
        let import = |parent: &str, name: &str, files: &[(&str, &str)]| {
            well(home, &["import", "--storage", storage, "--parent", parent, name], &archive(files)?)
        };
        import("hostbox", "app", &[("srv/a", "a"), ("srv/b", "b"), ("opt/x", "")])?;
        import("app", "less", &[("srv/.wh.a", ""), ("srv/c", ""), ("opt/.wh..wh..opq", "")])?;
        let list = ["run", "--storage", storage, "--image", "less", "ls", "/srv", "/opt"];
        let said = well(home, &list, b"")?;
        ensure!(said == "/opt:\n\n/srv:\nb\nc", "{storage}: {said}");
    }
    let other = run(home, &["run", "--image", "less", "true"], b"")?;
    ensure!(other.status.code() == Some(125) && stderr(&other).contains("imported for vfs"), "{other:?}");
    Ok(())
}

fn an_archive_that_leads_out_is_refused_and_leaves_nothing() -> Result<()> {
    let home = tempfile::tempdir()?;
    let home = home.path();
    for (name, said) in [("../out", "leads upwards"), ("srv/.wh...", "..."), ("srv/../../out", "leads upwards")] {
        let output = run(home, &["import", "evil"], &archive(&[("srv/fine", ""), (name, "x")])?)?;
        ensure!(output.status.code() == Some(125) && stderr(&output).contains(said), "{name}: {output:?}");
        let store = home.join(".local/share/mydocker");
        ensure!(std::fs::read_dir(store.join("layers"))?.count() == 0, "{name}");
        ensure!(std::fs::read_dir(store.join("images"))?.count() == 0, "{name}");
    }
    // Cut between its two entries: a header and a content, a block each.
    let whole = archive(&[("srv/one", "x"), ("srv/two", "x")])?;
    let store = home.join(".local/share/mydocker");
    for length in [0, 1024, 2048, 2047] {
        let output = run(home, &["import", "evil"], &whole[..length])?;
        ensure!(output.status.code() == Some(125) && stderr(&output).contains("too early"), "{length}: {output:?}");
        ensure!(std::fs::read_dir(store.join("layers"))?.count() == 0, "{length}");
    }
    let none = run(home, &["run", "--image", "evil", "true"], b"")?;
    ensure!(none.status.code() == Some(125) && stderr(&none).contains("there is no image evil"), "{none:?}");
    Ok(())
}
