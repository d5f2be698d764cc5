//! `ps`: the containers in the store.

use std::io::Write;

use anyhow::Result;
use clap::ValueEnum;

use crate::state::Status;
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

/// Prints the containers, oldest first.
pub fn list(store: &Store, format: Format, quiet: bool) -> Result<()> {
    let states = store.states()?;
    if let Format::Json = format {
        let rows: Vec<_> = states
            .iter()
            .map(|state| {
                serde_json::json!({
                    "id": state.id, "name": state.name, "status": state.status_now(), "pid": state.pid,
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
        let status = match state.status_now() {
            Status::Creating => "creating",
            Status::Created => "created",
            Status::Running => "running",
            Status::Stopped => "stopped",
            Status::Unknown => "unknown",
        };
        let name = state.name.as_deref().unwrap_or("-");
        // A command may contain anything, also what would rewrite the terminal.
        let command = state.command.join(" ").escape_debug().to_string();
        writeln!(std::io::stdout(), "{id}  {status:<8}  {:>7}  {name:<12}  {}", state.pid, fitted(&command, 30))?;
    }
    Ok(())
}
