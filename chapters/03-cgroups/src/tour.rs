//! The tour: three hogs, each held by a limit, and the kernel's own counters.

mod files;
mod hogs;
mod scene;
mod without;

use anyhow::Result;
use ch01_namespaces::narration::{Narration, TourFlags, fitted};
use ch01_namespaces::{StoreFlags, say};

use crate::controller::{Controller, Version};
use crate::delegation;
use crate::machine::Machine;
use crate::place::Place;
use hogs::hogs;
use scene::Scene;
use without::without_cgroups;

/// Shows it.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let machine = Machine::observe()?;
    let wanted = [Controller::Cpu, Controller::Memory, Controller::Pids];
    let place = Place::find(&machine, &wanted, None);
    // Where a scope has to be asked for, the whole tour starts again in it, before anything is said.
    let refused = match &place {
        Ok(place) if place.is_ours() => None,
        Ok(place) => delegation::get(place).err(),
        Err(error) => Some(anyhow::anyhow!("{error}")),
    };
    let narration = flags.begin();
    narration.title("Chapter 3: limits, with control groups")?;
    say!("A cgroup is a directory, and the kernel fills it with files. A process is in it;");
    say!("a limit is a write into a file, and what is used is read from one. So far");
    say!("nothing kept a container from taking the whole machine.");
    narration.pause()?;

    trees(&narration, &machine)?;
    files::side_by_side(&narration)?;
    let has_cgroups = refused.is_none();
    match refused {
        None => hogs(&narration, &Scene::new(store)?)?,
        Some(error) => without_cgroups(&narration, &machine, &error)?,
    }
    your_turn(&narration, has_cgroups)?;
    Ok(0)
}

fn your_turn(narration: &Narration, has_cgroups: bool) -> Result<()> {
    narration.title("Your turn")?;
    if has_cgroups {
        say!("  cargo run -p ch03-cgroups -- run --memory 64m --cpus 0.5 -- sh");
        say!("  cargo run -p ch03-cgroups -- run --pids-limit 20 --explain -- sh");
        say!("  cargo run -p ch03-cgroups -- stats --follow    what containers use, live");
    } else {
        say!("  cargo wb vm -- target/debug/ch03-cgroups       this tour, with limits");
    }
    say!("  cargo run -p ch03-cgroups -- ls                the tree of cgroups");
    say!("  cargo wb                                       the exercises");
    Ok(())
}

/// Which trees there are.
fn trees(narration: &Narration, machine: &Machine) -> Result<()> {
    narration.title("Where this machine has its cgroups")?;
    say!("There are two versions of the kernel's interface: v1 has a tree for each");
    say!("controller, v2 one for all, and a machine may have both. Here:");
    say!("");
    say!("  {:<11} {:<8} my cgroup", "controller", "version");
    for controller in Controller::ALL {
        match machine.hierarchy_of(controller) {
            None => say!("  {:<11} {:<8}", controller.to_string(), "none"),
            Some(hierarchy) => {
                let version = if hierarchy.version == Version::V1 { "v1" } else { "v2" };
                say!(
                    "  {:<11} {version:<8} {}",
                    controller.to_string(),
                    fitted(&hierarchy.own.display().to_string(), 57)
                );
            }
        }
    }
    narration.pause()
}
