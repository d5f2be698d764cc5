//! Named volumes, and volumes that nobody named.

use std::fs;

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::world::{STORE, expect_nothing_left, fails, succeeds};

pub fn cases() -> Vec<Case> {
    cases![
        a_volume_outlives_its_containers,
        a_volume_is_filled_once_from_the_image,
        volumes_that_nobody_named_go_with_their_container
    ]
}

fn data(name: &str) -> String {
    format!("{STORE}/data/volumes/{name}/_data")
}

fn a_volume_outlives_its_containers() -> Result<()> {
    ensure!(succeeds(&["volume", "create", "kept"])? == "kept");
    succeeds(&["run", "--rm", "-v", "kept:/data", "hostbox", "sh", "-c", "echo text >/data/file"])?;
    ensure!(fs::read_to_string(format!("{}/file", data("kept")))? == "text\n");
    ensure!(succeeds(&["run", "--name", "reader", "-v", "kept:/data:ro", "hostbox", "cat", "/data/file"])? == "text");
    fails(&["run", "--rm", "-v", "kept:/data:ro", "hostbox", "touch", "/data/file"], 1)?;
    ensure!(fails(&["volume", "rm", "kept"], 1)?.contains("volume is in use"));
    succeeds(&["rm", "-v", "reader"])?;
    ensure!(succeeds(&["volume", "ls", "-q"])? == "kept");
    ensure!(succeeds(&["volume", "inspect", "kept"])?.contains(&data("kept")));
    ensure!(fails(&["volume", "inspect", "nothing"], 1)?.contains("no such volume"));
    ensure!(fails(&["volume", "create", "a/b"], 125)?.contains("invalid volume name"));
    ensure!(fails(&["volume", "prune"], 125)?.contains("--force"));
    ensure!(succeeds(&["volume", "prune", "-f"])?.is_empty() && succeeds(&["volume", "prune", "-af"])? == "kept");
    expect_nothing_left()
}

fn a_volume_is_filled_once_from_the_image() -> Result<()> {
    let script = "cat /etc/passwd | wc -l; rm /etc/passwd; echo mine >/etc/mine";
    ensure!(succeeds(&["run", "--rm", "-v", "etc:/etc", "hostbox", "sh", "-c", script])? == "2");
    // It isn't filled a second time, and the image is as before.
    ensure!(succeeds(&["run", "--rm", "-v", "etc:/etc", "hostbox", "ls", "/etc/mine"])? == "/etc/mine");
    fails(&["run", "--rm", "-v", "etc:/etc", "hostbox", "cat", "/etc/passwd"], 1)?;
    ensure!(succeeds(&["run", "--rm", "hostbox", "wc", "-l", "/etc/passwd"])?.starts_with('2'));
    Ok(())
}

fn volumes_that_nobody_named_go_with_their_container() -> Result<()> {
    let names = || succeeds(&["volume", "ls", "-q"]);
    succeeds(&["run", "--rm", "-v", "/data", "hostbox", "touch", "/data/x"])?;
    ensure!(names()?.is_empty(), "{}", names()?);
    succeeds(&["create", "--name", "has", "-v", "/data", "hostbox", "true"])?;
    ensure!(names()?.len() == 64);
    succeeds(&["rm", "has"])?;
    ensure!(names()?.len() == 64, "without -v it stays");
    succeeds(&["volume", "prune", "-f"])?;
    // One that could not be made leaves none.
    fails(&["create", "-v", "/data", "nothing", "true"], 125)?;
    ensure!(names()?.is_empty(), "{}", names()?);
    expect_nothing_left()
}
