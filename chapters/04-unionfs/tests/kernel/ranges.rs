//! An ordinary user with a range of ids in /etc/subuid. That takes set-user-ID helpers, which only
//! the machine itself has.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result, ensure};
use nix::unistd::{User, geteuid};
use testkit::{Case, cases, needs};

use crate::archives::Archive;
use crate::running::{World, programs_made_in, succeeds};

pub fn cases() -> Vec<Case> {
    let cases = cases![with_a_range_files_keep_their_owners_and_all_of_it_goes_away];
    cases.into_iter().map(Case::on_the_machine).collect()
}

fn with_a_range_files_keep_their_owners_and_all_of_it_goes_away() -> Result<()> {
    needs::ordinary_user()?;
    needs::user_namespaces()?;
    needs::program("newuidmap")?;
    let name = User::from_uid(geteuid())?.map(|user| user.name).unwrap_or_default();
    let grants = fs::read_to_string("/etc/subuid").unwrap_or_default();
    let grant =
        grants.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))?.split(':').next()?.parse::<u32>().ok());
    needs::that(grant.is_some(), "a range in /etc/subuid")?;
    let first = grant.context("no range")?;
    let place = tempfile::tempdir()?;
    for driver in ["vfs", "overlay2"] {
        let world = World { driver, store: place.path().join(driver) };
        if driver == "overlay2" {
            world.need()?;
        }
        let archive = Archive::new().owned_by("hers", 1234, 0o600).owned_by("beyond", 4_000_000, 0o4755);
        world.layer("programs", None, &programs_made_in(place.path())?)?;
        let chain = world.layer("base", Some("programs"), &archive.end())?;
        let on_disk = fs::metadata(world.content(&chain)?.join("hers"))?;
        // Id 1 inside is the first of the range.
        ensure!(on_disk.uid() == first + 1233, "{} on disk, and the range begins with {first}", on_disk.uid());
        let beyond = fs::metadata(world.content(&chain)?.join("beyond"))?;
        ensure!(beyond.uid() == geteuid().as_raw() && beyond.mode() & 0o7777 == 0o755, "{beyond:?}");
        let run = world.verb(&["run"], &["base", "stat", "-c", "%u:%g", "/hers"]).output()?;
        ensure!(String::from_utf8_lossy(&run.stdout).trim() == "1234:1234", "{run:?}");
        world.create("one", "base", "mkdir /closed; chmod 700 /closed; echo x >/closed/f; rm /hers")?;
        ensure!(world.diff("one")? == "A /closed\nA /closed/f\nD /hers", "{}", world.diff("one")?);
        succeeds(&mut world.verb(&["commit"], &["one", "next"]))?;
        world.remove_container("one")?;
        succeeds(&mut world.verb(&["layer", "rm"], &["next", "base", "programs"]))?;
        ensure!(world.on_disk()?.is_empty(), "{:?}", world.on_disk()?);
    }
    Ok(())
}
