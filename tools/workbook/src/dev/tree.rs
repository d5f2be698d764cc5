//! The directories of exercises and solutions: what belongs there and what doesn't.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cargo::cargo;
use crate::checkout::Checkout;
use crate::exercises;
use crate::files::below;

/// Every file in a chapter's directories belongs to an exercise or to the package.
pub fn no_stray_files(checkout: &Checkout) -> Result<Vec<String>> {
    let expected = expected_files();
    let chapters: BTreeSet<_> = exercises::all().iter().map(|exercise| exercise.chapter).collect();
    let mut problems = Vec::new();
    for directory in ["exercises", "solutions"] {
        for file in below(&checkout.path(directory)) {
            let file = file.strip_prefix(checkout.top()).unwrap_or(&file);
            let parts: Vec<&str> = file.iter().filter_map(|part| part.to_str()).collect();
            let belongs = expected.contains(file)
                || match parts.as_slice() {
                    ["exercises", "README.md"] | ["solutions", "mutants.txt"] => true,
                    ["exercises", "given" | "mydocker", rest @ ..] => is_of_package(rest),
                    ["exercises", chapter, rest @ ..] => chapters.contains(chapter) && is_of_package(rest),
                    ["solutions", chapter, "wrong", name, _] => is_wrong_answer(chapter, name, file),
                    _ => false,
                };
            if !belongs {
                problems.push(format!("{} belongs to no exercise", file.display()));
            }
        }
    }
    Ok(problems)
}

fn expected_files() -> BTreeSet<PathBuf> {
    let files = |exercise: &&exercise::Exercise| {
        let program = Path::new("exercises").join(exercise.chapter).join("src/bin").join(exercise.name);
        [exercise.file(), exercise.solution(), program.with_extension("rs")]
    };
    exercises::all().iter().flat_map(files).collect()
}

/// `rest` is a path within a package.
fn is_of_package(rest: &[&str]) -> bool {
    match rest {
        ["Cargo.toml" | "build.rs"] => true,
        ["src" | "tests", .., last] => last.ends_with(".rs"),
        _ => false,
    }
}

fn is_wrong_answer(chapter: &str, name: &str, file: &Path) -> bool {
    let known = exercises::all().iter().any(|exercise| exercise.chapter == chapter && exercise.name == name);
    known && file.extension().is_some_and(|extension| extension == "rs")
}

/// Exercises are plain functions on nix and std: neither they nor mydocker depend on a chapter's
/// crate.
pub fn no_chapter_crates(checkout: &Checkout) -> Result<Vec<String>> {
    let mut cargo = cargo();
    cargo.current_dir(checkout.top()).args(["metadata", "--format-version=1", "--no-deps", "--locked"]);
    let output = cargo.output().context("starting cargo metadata")?;
    if !output.status.success() {
        return Ok(vec![String::from_utf8_lossy(&output.stderr).trim().to_string()]);
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("what cargo metadata printed")?;
    Ok(chapter_dependencies(&metadata, checkout.top()))
}

fn chapter_dependencies(metadata: &Value, top: &Path) -> Vec<String> {
    let packages: Vec<&Value> = metadata["packages"].as_array().map(|list| list.iter().collect()).unwrap_or_default();
    let directory = |package: &Value| -> PathBuf {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        manifest.strip_prefix(top).unwrap_or(manifest).parent().unwrap_or(Path::new("")).to_path_buf()
    };
    let mut problems = Vec::new();
    for package in packages.iter().filter(|package| directory(package).starts_with("exercises")) {
        // All packages of the workspace that this one reaches.
        let mut reached = vec![*package];
        let mut next = 0;
        while let Some(one) = reached.get(next).copied() {
            next += 1;
            for dependency in one["dependencies"].as_array().into_iter().flatten() {
                let found =
                    packages.iter().find(|other| other["name"] == dependency["name"] && !dependency["path"].is_null());
                if let Some(found) = found.filter(|found| !reached.contains(found)) {
                    reached.push(found);
                }
            }
        }
        for chapter in reached.iter().filter(|package| directory(package).starts_with("chapters")) {
            problems.push(format!("{} depends on {}", text(&package["name"]), text(&chapter["name"])));
        }
    }
    problems
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chapter_crate_is_found_behind_another_dependency() {
        let package = |name: &str, directory: &str, dependencies: &[&str]| {
            let paths: Vec<Value> =
                dependencies.iter().map(|name| serde_json::json!({"name": name, "path": "/somewhere"})).collect();
            serde_json::json!({"name": name, "manifest_path": format!("/c/{directory}/Cargo.toml"), "dependencies": paths})
        };
        let metadata = serde_json::json!({"packages": [
            package("given", "exercises/given", &["lab"]),
            package("mydocker", "exercises/mydocker", &["helper"]),
            package("helper", "tools/helper", &["ch01-namespaces"]),
            package("ch01-namespaces", "chapters/01-namespaces", &[]),
            package("lab", "tools/lab", &[]),
        ]});
        assert_eq!(chapter_dependencies(&metadata, Path::new("/c")), ["mydocker depends on ch01-namespaces"]);
    }

    #[test]
    fn a_package_has_sources_and_nothing_else() {
        assert!(is_of_package(&["src", "hostname", "judge.rs"]) && is_of_package(&["Cargo.toml"]));
        assert!(!is_of_package(&["hostname.rs.orig"]) && !is_of_package(&["src", "notes.txt"]));
    }
}
