//! What a learner waits for before the first word of the workbook, the first check, the first
//! container of mydocker's.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::cargo::cargo;
use crate::checkout::Checkout;
use crate::exercises;

/// Derive macros (and syn, which they are made with) would be a third of it.
pub fn waits_for_no_macros(checkout: &Checkout) -> Result<Vec<String>> {
    let mut cargo = cargo();
    cargo.current_dir(checkout.top()).args(["tree", "--locked", "--edges", "normal,build", "--prefix", "none"]);
    cargo.args(["--package=workbook", "--package=mydocker", "--no-default-features"]);
    let chapters: BTreeSet<String> = exercises::all().iter().map(|exercise| exercise.package()).collect();
    for chapter in chapters {
        cargo.arg(format!("--package={chapter}")).args(["--features", &format!("{chapter}/checks,{chapter}/answers")]);
    }
    let output = cargo.output().context("starting cargo tree")?;
    if !output.status.success() {
        return Ok(vec![String::from_utf8_lossy(&output.stderr).trim().to_string()]);
    }
    Ok(macros_in(&String::from_utf8_lossy(&output.stdout)))
}

fn macros_in(tree: &str) -> Vec<String> {
    let macros = tree.lines().filter(|line| line.contains("(proc-macro)"));
    let names: BTreeSet<&str> = macros.filter_map(|line| line.split(' ').next()).collect();
    let told = |name| format!("{name} is built before the workbook, a check or mydocker: cargo tree --invert {name}");
    names.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_macro_is_named_once_with_the_way_to_find_it() {
        let tree = "workbook v0.1.0 (/c/tools/workbook)\nclap v4.6.9\nserde_derive v1.0.229 (proc-macro)\n\
                    serde_derive v1.0.229 (proc-macro) (*)\nsyn v3.0.10\n";
        let found = macros_in(tree);
        assert!(found.len() == 1 && found[0].ends_with("cargo tree --invert serde_derive"), "{found:?}");
    }
}
