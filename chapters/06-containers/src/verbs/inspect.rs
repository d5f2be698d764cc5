//! Looking at one container: `inspect`, `top`, `port`, `diff`, `commit`.

use anyhow::{Result, bail};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{Failure, StoreFlags, report, say, visible};
use ch04_unionfs::verbs::Format;
use clap::Args;
use serde_json::Value;

use crate::engine::{Engine, Local, Processes};
use crate::template;

/// Show details of containers (and images, from chapter 8 on), as JSON.
#[derive(Args)]
pub struct Inspect {
    /// A template, such as '{{.State.Status}}', or json.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Containers or images: names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Inspect {
    /// Prints it.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        self.act_on(engine, |_| None)
    }

    /// Prints it; what is no container may be something `other` (chapter 8's images).
    pub fn act_on(self, engine: &dyn Engine, other: impl Fn(&str) -> Option<Value>) -> Result<u8> {
        self.show(|name| engine.inspect(name).or_else(|error| other(name).ok_or(error)))
    }

    /// Prints what a function finds.
    pub fn show(self, find: impl Fn(&str) -> Result<Value>) -> Result<u8> {
        show(self.format, &self.containers, find)
    }
}

/// Prints what is found of each, one array of all or a template of each.
pub(super) fn show(format: Option<String>, names: &[String], find: impl Fn(&str) -> Result<Value>) -> Result<u8> {
    end_quietly_in_a_pipe()?;
    let (mut found, mut status) = (Vec::new(), 0);
    for name in names {
        match find(name) {
            Ok(value) => found.push(value),
            Err(error) => status = report(&error).min(1),
        }
    }
    match format.as_deref() {
        None => say!("{}", serde_json::to_string_pretty(&found)?),
        Some("json") => say!("{}", serde_json::to_string(&found)?),
        Some(format) => {
            found.iter().try_for_each(|one| Ok::<_, anyhow::Error>(say!("{}", template::fill(format, one)?)))?;
        }
    }
    Ok(status)
}

/// Show the processes of a container, as the host sees them.
#[derive(Args)]
pub struct Top {
    /// The container: its name, its id, or the beginning of its id.
    container: String,
    /// Options for ps(1); or --powers: the capabilities, filters and user of each process.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    ps_options: Vec<String>,
}

impl Top {
    /// Prints them.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let Processes { titles, processes } = engine.top(&self.container, &self.ps_options)?;
        // A process chooses its name.
        let shown = |row: &Vec<String>| row.iter().map(|cell| visible(cell)).collect::<Vec<_>>();
        let rows: Vec<Vec<String>> = [&titles].into_iter().chain(&processes).map(shown).collect();
        let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.len()).max();
        let widths: Vec<usize> = (0..titles.len()).map(|column| width(column).unwrap_or_default()).collect();
        for row in rows {
            let padded: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
            say!("{}", padded.join("  ").trim_end());
        }
        Ok(0)
    }
}

/// Show a container's published ports, or where one of them is published.
#[derive(Args)]
pub struct PortVerb {
    /// The container: its name, its id, or the beginning of its id.
    container: String,
    /// A port in the container, such as 80 or 80/tcp.
    #[arg(value_name = "PORT[/tcp]", value_parser = port)]
    port: Option<String>,
}

/// A port as `inspect` has it: with its protocol.
fn port(text: &str) -> Result<String, String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let is_port = number.parse::<u16>().is_ok_and(|number| number != 0);
    match (is_port, protocol) {
        (true, "tcp" | "udp") => Ok(format!("{number}/{protocol}")),
        _ => Err("use a number from 1 to 65535, with /tcp or /udp behind it if you like, such as 80/tcp".into()),
    }
}

impl PortVerb {
    /// Prints them.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let container = engine.inspect(&self.container)?;
        let all = &container["NetworkSettings"]["Ports"];
        let addresses = |bindings: &Value| -> Vec<String> {
            let text = |binding: &Value, key: &str| binding[key].as_str().unwrap_or_default().to_string();
            let address = |binding: &Value| format!("{}:{}", text(binding, "HostIp"), text(binding, "HostPort"));
            bindings.as_array().into_iter().flatten().map(address).collect()
        };
        if let Some(port) = self.port {
            let found = addresses(&all[&port]);
            if found.is_empty() {
                bail!(Failure::new(1, format!("No public port '{port}' published for {}", self.container)));
            }
            for address in found {
                say!("{address}");
            }
            return Ok(0);
        }
        for (port, bindings) in all.as_object().into_iter().flatten() {
            for address in addresses(bindings) {
                say!("{port} -> {address}");
            }
        }
        Ok(0)
    }
}

/// List the files that a container changed: A added, C changed, D deleted.
#[derive(Args)]
pub struct DiffVerb {
    /// `json`: one array of objects: path, kind (A, C or D).
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The container: its name, its id, or the beginning of its id.
    container: String,
}

impl DiffVerb {
    /// Prints it.
    pub fn act(self, engine: &dyn Engine) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let changes = engine.changes(&self.container)?;
        if self.format == Format::Json {
            say!("{}", serde_json::to_string_pretty(&changes)?);
            return Ok(0);
        }
        for change in changes {
            say!("{} {}", change.kind, change.path.to_string_lossy().escape_debug());
        }
        Ok(0)
    }
}

/// Make an image from a container's changes (before chapter 8, a layer with a name). Prints its id.
#[derive(Args)]
pub struct CommitVerb {
    /// The container: its name, its id, or the beginning of its id.
    pub container: String,
    /// The name of the new image.
    pub name: String,
}

impl CommitVerb {
    /// Makes it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let engine = Local::open(store)?;
        let record = engine.records().find(&self.container)?;
        let layers = engine.layers()?;
        say!("{}", ch04_unionfs::commit_by_id(&layers, &record.id, &self.name)?.chain);
        Ok(0)
    }
}
