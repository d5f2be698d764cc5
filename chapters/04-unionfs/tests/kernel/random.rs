//! Random changes of files: on the union they do what they do on a plain directory.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use testkit::{Case, cases};

use crate::archives::Archive;
use crate::running::{Running, World, programs, succeeds, with_both};
use crate::trees::{Tree, expect_same, tree};

pub fn cases() -> Vec<Case> {
    cases![random_changes_do_on_the_union_what_they_do_on_a_plain_directory]
}

/// The variable that repeats a run.
const SEED: &str = "CORACLE_SEED";
const STEPS: usize = 150;

/// A small generator whose numbers depend on the seed alone: splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// A path of up to three parts, of few names: they meet often.
    fn path(&mut self) -> String {
        let parts = 1 + self.below(3);
        (0..parts).map(|_| self.one_of(&["a", "b", "c", "d"])).collect::<Vec<_>>().join("/")
    }

    /// A command that may fail, as it would on any file system. Left out is what overlayfs documents to
    /// be different: renaming a directory that is below (EXDEV, and mv copies), and the names of a hard
    /// link that is copied up.
    fn command(&mut self) -> String {
        let (a, b) = (self.path(), self.path());
        match self.below(11) {
            0 | 1 => format!("echo {} >{a}", self.below(1000)),
            2 => format!("echo {} >>{a}", self.below(1000)),
            3 => format!("mkdir -p {a}"),
            4 => format!("rm -rf {a}"),
            5 => format!("rm -f {a}"),
            6 => format!("rmdir {a}"),
            7 => format!("test -f {a} && test ! -d {b} && mv {a} {b}"),
            8 => format!("ln -s {} {b}", a.replace('/', "-")),
            9 => format!("chmod {} {a}", self.one_of(&["700", "755", "711"])),
            // By way of another place: how far a directory is copied into itself depends on the order of names
            // in it.
            _ => format!("test -d {a} && cp -r {a} /copy && cp -r /copy {b}; rm -rf /copy"),
        }
    }
}

fn random_changes_do_on_the_union_what_they_do_on_a_plain_directory() -> Result<()> {
    let given = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("{SEED}={seed}");
    with_both(|world| check(world, seed)).with_context(|| format!("repeat it with {SEED}={seed}"))
}

fn check(world: &World, seed: u64) -> Result<()> {
    let mut random = Random(seed);
    world.layer("programs", None, &programs()?)?;
    // Three layers below, each with files and deletions of its own.
    let lower = (0..40).map(|_| random.command()).collect::<Vec<_>>();
    world.layer("root", Some("programs"), &Archive::new().directory("t/").end())?;
    let mut image = "root".to_string();
    for (index, script) in lower.chunks(13).enumerate() {
        let script = format!("cd /t; {{ {}; }} 2>/dev/null; true", script.join("; "));
        let running = Running::start(world, &["--name", "lower"], &image, &script)?;
        image = format!("layer{index}");
        succeeds(&mut world.verb(&["commit"], &["lower", &image]))?;
        drop(running);
    }
    let top: Vec<_> = (0..STEPS).map(|_| random.command()).collect();
    let script = |commands: &[String]| format!("{{ {}; }} 2>/dev/null; true", commands.join("; "));
    // The plain directory: the same commands, in the same order, in a volume.
    let plain = format!("/tmp/plain-{}", world.driver);
    fs::create_dir(&plain)?;
    let volume = format!("{plain}:/t");
    let all = [lower.clone(), top.clone()].concat();
    let script_there = format!("cd /t; {}", script(&all));
    drop(Running::start(world, &["--volume", &volume], "programs", &script_there)?);
    let running = Running::start(world, &["--name", "top"], &image, &format!("cd /t; {}", script(&top)))?;
    let (union, plain) = (timeless(&running.root().join("t"))?, timeless(Path::new(&plain))?);
    expect_same("the union and the plain directory", &union, &plain)?;
    // And so does what is made of it.
    succeeds(&mut world.verb(&["commit"], &["top", "committed"]))?;
    drop(running);
    let again = Running::start(world, &[], "committed", "true")?;
    expect_same("the union and its commit", &union, &timeless(&again.root().join("t"))?)?;
    ensure!(!union.is_empty() || seed == 0, "everything was removed");
    Ok(())
}

/// Times differ: the one was made a moment after the other.
fn timeless(root: &Path) -> Result<Tree> {
    let without = |what: String| what.rsplit_once(' ').map_or(what.clone(), |(what, _)| what.to_string());
    Ok(tree(root)?.into_iter().map(|(name, what)| (name, without(what))).collect())
}
