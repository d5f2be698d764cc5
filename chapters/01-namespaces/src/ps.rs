//! `ps`: the containers in the store.

use std::io::Write;

use anyhow::Result;
use clap::ValueEnum;

use crate::state::{State, Status};
use crate::store::Store;
use crate::width::fitted;

/// How a list is printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    /// Columns, for people.
    Table,
    /// One array, for tools.
    Json,
}

/// Prints the containers, oldest first. A chapter that knows more of a container than whether it is
/// alive says so in a word, which then is its status.
pub fn list(store: &Store, format: Format, quiet: bool, known: impl Fn(&State) -> Option<&'static str>) -> Result<()> {
    let states = store.states()?;
    let status = |state: &State| known(state).unwrap_or_else(|| word(state.status_now()));
    if let Format::Json = format {
        let rows: Vec<_> = states
            .iter()
            .map(|state| {
                serde_json::json!({
                    "id": state.id, "name": state.name, "status": status(state), "pid": state.pid,
                    "created": state.created, "command": state.command,
                })
            })
            .collect();
        writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&rows)?)?;
        return Ok(());
    }
    if !quiet {
        writeln!(std::io::stdout(), "{:<12}  {:<8}  {:>7}  {:<12}  COMMAND", "CONTAINER", "STATUS", "PID", "NAME")?;
    }
    for state in states {
        let id = &state.id[..12];
        if quiet {
            writeln!(std::io::stdout(), "{id}")?;
            continue;
        }
        let name = state.name.as_deref().unwrap_or("-");
        // A command may contain anything, also what would rewrite the terminal.
        let command = state.command.join(" ").escape_debug().to_string();
        writeln!(
            std::io::stdout(),
            "{id}  {:<8}  {:>7}  {name:<12}  {}",
            status(&state),
            state.pid,
            fitted(&command, 30)
        )?;
    }
    Ok(())
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Creating => "creating",
        Status::Created => "created",
        Status::Running => "running",
        Status::Stopped => "stopped",
        Status::Unknown => "unknown",
    }
}
