//! Which driver a store has: the one that was asked for, or the best that works here, found out by
//! trying.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ch01_namespaces::{Elsewhere, Namespace, Namespaces, Privilege, new_id, remove_tree, work_in};

use super::{Name, overlay2};

/// The file in the data root that holds the choice.
const CHOSEN: &str = "storage-driver";

/// The choice, and what it was based on.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The driver.
    pub name: Name,
    /// Whether a user asked for it, or an earlier command chose it.
    pub is_given: bool,
}

/// What trying a driver showed.
#[derive(Debug)]
pub struct Candidate {
    /// Which.
    pub name: Name,
    /// Why it doesn't work here, if it doesn't.
    pub refusal: Option<String>,
}

/// The choice, if nothing has to be tried: it was asked for, or an earlier command has chosen. A
/// store keeps its driver: another one would not see its layers.
pub fn known(data_root: &Path, asked: Option<Name>) -> Option<Choice> {
    let earlier = || fs::read_to_string(data_root.join(CHOSEN)).ok()?.trim().parse().ok();
    asked.or_else(earlier).map(|name| Choice { name, is_given: true })
}

/// Chooses.
pub fn choose(data_root: &Path, asked: Option<Name>) -> Result<Choice> {
    if let Some(choice) = known(data_root, asked) {
        return Ok(choice);
    }
    // A trial that can't be made says nothing, and the choice is for good.
    ensure!(
        fs::read_dir("/proc/self/task")?.count() == 1,
        "internal error: a process with threads can't try storage drivers\ncure: run `info` once, and try again"
    );
    let mut candidates = candidates(data_root);
    let Some(best) = candidates.iter_mut().find(|candidate| candidate.refusal.is_none()) else {
        bail!("no storage driver works in {}", data_root.display());
    };
    let file = data_root.join(CHOSEN);
    let new = file.with_extension("new");
    fs::write(&new, format!("{}\n", best.name)).with_context(|| format!("cannot write {}", new.display()))?;
    fs::rename(&new, &file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(Choice { name: best.name, is_given: false })
}

/// Tries all drivers, best first.
pub fn candidates(data_root: &Path) -> Vec<Candidate> {
    let refusal = |name| match name {
        Name::Overlay2 => try_overlay(data_root).err().map(|error| format!("{error:#}")),
        Name::Vfs => None,
    };
    Name::ALL.map(|name| Candidate { name, refusal: refusal(name) }).into()
}

// ANCHOR: try_overlay
/// Tries to mount an overlay of empty directories in the data root, in temporary namespaces.
/// Whether this works depends on the kernel, on the file system (overlayfs can't hold an upper
/// directory) and, for an ordinary user, on Linux 5.11 or later.
fn try_overlay(data_root: &Path) -> Result<()> {
    let trial = data_root.join(format!("trial-{}", &new_id()?[..12]));
    let tried = ["lower", "upper", "work", "merged"]
        .iter()
        .try_for_each(|name| fs::create_dir_all(trial.join(name)).context("cannot make directories for a trial"))
        .and_then(|()| {
            let new = Namespaces::none().with(Namespace::Mount);
            let create = if Privilege::current().is_root() { new } else { new.with(Namespace::User) };
            work_in(Elsewhere { create, ..Elsewhere::default() }, || {
                overlay2::try_mount(&trial).map(|()| ((), Vec::new()))
            })
        });
    remove_tree(&trial)?;
    tried.map(drop)
}
// ANCHOR_END: try_overlay
