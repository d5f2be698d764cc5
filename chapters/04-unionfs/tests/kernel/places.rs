//! Stores at places whose names mean something to mount options, and to nobody else.

use anyhow::{Result, ensure};
use testkit::{Case, cases};

use crate::archives::Archive;
use crate::running::{Running, World, succeeds, with_both};

pub fn cases() -> Vec<Case> {
    cases![a_store_may_be_at_any_path, a_store_may_have_a_long_path]
}

fn check(world: &World) -> Result<()> {
    world.base(Archive::new().file("f", "f").file("gone", "gone"))?;
    let running = Running::start(world, &["--name", "one"], "base", "echo g >/g; rm /gone")?;
    ensure!(crate::running::names(&running.root())?.contains(&"f".to_string()));
    ensure!(world.diff("one")? == "A /g\nD /gone", "{}", world.diff("one")?);
    succeeds(&mut world.verb(&["commit"], &["one", "next"]))?;
    drop(running);
    ensure!(succeeds(&mut world.verb(&["run"], &["next", "cat", "/g"]))? == "g");
    succeeds(&mut world.verb(&["layer", "rm"], &["next", "base", "programs"]))?;
    ensure!(world.on_disk()?.is_empty(), "{:?}", world.on_disk()?);
    Ok(())
}

fn a_store_may_be_at_any_path() -> Result<()> {
    for name in ["co:lon", "com,ma", "back\\slash", "new\nline", "sp ace", "quo\"te", "lowerdir=x,upperdir=y", "\u{f6}"]
    {
        with_both(|world| {
            let store = format!("/tmp/{}/{name}", world.driver);
            std::fs::create_dir_all(format!("/tmp/{}", world.driver))?;
            check(&World { driver: world.driver, store: store.into() })
        })?;
    }
    Ok(())
}

fn a_store_may_have_a_long_path() -> Result<()> {
    with_both(|world| {
        let deep = format!("/tmp/{}", format!("{}/", "n".repeat(200)).repeat(10));
        let parent = format!("{deep}{}", world.driver);
        std::fs::create_dir_all(&parent)?;
        check(&World { driver: world.driver, store: format!("{parent}/store").into() })
    })
}
