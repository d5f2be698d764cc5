//! Flags as they are kept: without what depends on where they were typed.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{ArgMatches, Args, Command};

use crate::flags::Flags;
use crate::powers::seccomp::Profile;

// ANCHOR: as_arguments
/// The flags that surround a container, as arguments again: its shim reads them as this command
/// line did. What depends on where and by whom they were typed is settled now: relative paths,
/// variables that are passed on, files with variables.
pub(super) fn as_arguments(matches: &ArgMatches) -> Result<Vec<String>> {
    let command = Flags::augment_args(Command::new("flags"));
    let mut arguments = Vec::new();
    for arg in command.get_arguments() {
        let (id, Some(long)) = (arg.get_id().as_str(), arg.get_long()) else { continue };
        if matches.value_source(id) != Some(clap::parser::ValueSource::CommandLine) {
            continue;
        }
        if !arg.get_action().takes_values() {
            arguments.push(format!("--{long}"));
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            let value = value.to_str().with_context(|| format!("--{long} {value:?} is not UTF-8"))?;
            settle(long, value, &mut arguments)?;
        }
    }
    Ok(arguments)
}
// ANCHOR_END: as_arguments

fn settle(long: &str, value: &str, arguments: &mut Vec<String>) -> Result<()> {
    match long {
        "env" => arguments.extend(variable(value).map(|entry| format!("--env={entry}"))),
        "env-file" => {
            let text = fs::read_to_string(value).with_context(|| format!("cannot read the variables in {value}"))?;
            let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            arguments.extend(lines.filter_map(variable).map(|entry| format!("--env={entry}")));
        }
        "rootfs" => arguments.push(format!("--rootfs={}", absolute(value)?)),
        // The file's text instead of its name, as Docker's client sends it.
        "security-opt" => {
            match value.strip_prefix("seccomp=").filter(|file| !matches!(*file, "unconfined" | "builtin")) {
                Some(file) => arguments.push(format!("--security-opt=seccomp={}", profile(file)?)),
                None => arguments.push(format!("--security-opt={value}")),
            }
        }
        "volume" => {
            let (source, rest) = value.split_once(':').unwrap_or(("", value));
            let is_path = source.contains('/') || source.starts_with('.');
            let source = if is_path { absolute(source)? } else { source.to_string() };
            arguments.push(if source.is_empty() {
                format!("--volume={rest}")
            } else {
                format!("--volume={source}:{rest}")
            });
        }
        _ => arguments.push(format!("--{long}={value}")),
    }
    Ok(())
}

/// The text of a profile that can be expressed.
fn profile(file: &str) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read the seccomp profile {file}"))?;
    Profile::parse(&text).with_context(|| format!("the seccomp profile {file} can't be used"))?;
    Ok(serde_json::from_str::<serde_json::Value>(&text)?.to_string())
}

/// `NAME=VALUE`, or `NAME` with the caller's value; `None` where the caller has none.
fn variable(entry: &str) -> Option<String> {
    match entry.contains('=') {
        true => Some(entry.into()),
        false => std::env::var(entry).ok().map(|value| format!("{entry}={value}")),
    }
}

fn absolute(path: &str) -> Result<String> {
    let absolute: PathBuf = std::path::absolute(path).with_context(|| format!("cannot find {path}"))?;
    absolute.into_os_string().into_string().ok().with_context(|| format!("{path} is not UTF-8"))
}
