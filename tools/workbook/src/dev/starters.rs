//! `cargo wb dev starters`: each starter anew, from its solution.

use anyhow::Result;
use exercise::Exercise;

use crate::checkout::Checkout;
use crate::files::{read_if_there, write_whole};
use crate::starter::starter;
use crate::state::made_starter;
use crate::{Exit, exercises, print};

pub fn run(checkout: &Checkout, force: bool) -> Result<Exit> {
    let mut said = String::new();
    let mut refused = false;
    for exercise in exercises::all() {
        let file = exercise.file();
        let made = made_starter(checkout, exercise)?;
        let there = read_if_there(&checkout.path(&file))?;
        let may_write = force || there.as_deref().is_none_or(|text| was_generated(checkout, exercise, text));
        said.push_str(&match there {
            Some(there) if there == made => format!("{} is up to date\n", file.display()),
            _ if may_write => {
                write_whole(&checkout.path(&file), &made)?;
                format!("{} written\n", file.display())
            }
            _ => {
                refused = true;
                format!("{} holds something else than a starter; --force writes over it\n", file.display())
            }
        });
    }
    print(&said)?;
    Ok(if refused { Exit::Failing } else { Exit::Well })
}

/// Whether `text` is a starter of an earlier solution: the one that git has. An answer isn't.
fn was_generated(checkout: &Checkout, exercise: &Exercise, text: &str) -> bool {
    let name = format!("HEAD:{}", exercise.solution().display());
    let git = std::process::Command::new("git").current_dir(checkout.top()).args(["show", &name]).output();
    let solution = git.ok().filter(|output| output.status.success());
    solution.is_some_and(|output| starter(&String::from_utf8_lossy(&output.stdout)).is_ok_and(|old| old == text))
}
