//! The tour: three hogs, each held by a limit, and the kernel's own counters.

mod files;
mod hogs;
mod scene;
mod without;

use anyhow::Result;
use ch01_namespaces::telling::{Telling, TourFlags, fitted};
use ch01_namespaces::{StoreFlags, say};

use crate::controller::{Controller, Version};
use crate::delegation;
use crate::machine::Machine;
use crate::place::Place;
use hogs::hogs;
use scene::Scene;
use without::without_groups;

/// Shows it.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let machine = Machine::look()?;
    let wanted = [Controller::Cpu, Controller::Memory, Controller::Pids];
    let place = Place::find(&machine, &wanted, None);
    // Where a scope has to be asked for, the whole tour starts again in it, before anything is said.
    let refused = match &place {
        Ok(place) if place.is_ours() => None,
        Ok(place) => delegation::get(place).err(),
        Err(error) => Some(anyhow::anyhow!("{error}")),
    };
    let telling = flags.begin();
    telling.title("Chapter 3: limits, with control groups")?;
    say!("A group is a directory, and the kernel fills it with files. A process is in it; a");
    say!("limit is a write into a file, and what is used is read from one. So far nothing");
    say!("kept a container from taking the whole machine.");
    telling.pause()?;

    trees(&telling, &machine)?;
    files::side_by_side(&telling)?;
    let has_groups = refused.is_none();
    match refused {
        None => hogs(&telling, &Scene::new(store)?)?,
        Some(error) => without_groups(&telling, &machine, &error)?,
    }
    your_turn(&telling, has_groups)?;
    Ok(0)
}

fn your_turn(telling: &Telling, has_groups: bool) -> Result<()> {
    telling.title("Your turn")?;
    if has_groups {
        say!("  cargo run -p ch03-cgroups -- run --memory 64m --cpus 0.5 -- sh");
        say!("  cargo run -p ch03-cgroups -- run --pids-limit 20 --explain -- sh");
        say!("  cargo run -p ch03-cgroups -- stats --follow    what containers use, live");
    } else {
        say!("  cargo wb vm -- target/debug/ch03-cgroups       this tour, with limits");
    }
    say!("  cargo run -p ch03-cgroups -- ls                the tree of groups");
    say!("  cargo wb                                       the exercises");
    Ok(())
}

/// Which trees there are.
fn trees(telling: &Telling, machine: &Machine) -> Result<()> {
    telling.title("Where this machine has its groups")?;
    say!("There are two versions of the kernel's interface: v1 has a tree for each");
    say!("controller, v2 one for all, and a machine may have both. Here:");
    say!("");
    say!("  {:<11} {:<8} my group", "controller", "version");
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
    telling.pause()
}
