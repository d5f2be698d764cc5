//! Looking at one container: `inspect`, `top`, `port`, `diff`, `commit`.

use anyhow::{Context, Result, bail};
use ch01_namespaces::verbs::end_quietly_in_a_pipe;
use ch01_namespaces::{StoreFlags, report, say};
use ch04_unionfs::verbs::Format;
use clap::Args;

use crate::engine::{Engine, inspect};
use crate::template;

/// Show everything about containers, as JSON.
#[derive(Args)]
pub struct Inspect {
    /// A template, such as '{{.State.Status}}', or json.
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
    /// Names, ids, or beginnings of ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Inspect {
    /// Prints it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let engine = Engine::open(store)?;
        let (mut found, mut status) = (Vec::new(), 0);
        for name in &self.containers {
            match engine.records().find(name) {
                Ok(record) => found.push(inspect(&engine, &record)),
                Err(error) => status = report(&error).min(1),
            }
        }
        match self.format.as_deref() {
            None => say!("{}", serde_json::to_string_pretty(&found)?),
            Some("json") => say!("{}", serde_json::to_string(&found)?),
            Some(format) => {
                found.iter().try_for_each(|one| Ok::<_, anyhow::Error>(say!("{}", template::fill(format, one)?)))?;
            }
        }
        Ok(status)
    }
}

/// Show the processes of a container, as the host sees them.
#[derive(Args)]
pub struct Top {
    /// Its name, its id, or the beginning of its id.
    container: String,
    /// What ps(1) is told.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    ps_options: Vec<String>,
}

impl Top {
    /// Prints them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let engine = Engine::open(store)?;
        let record = engine.records().find(&self.container)?;
        for row in top(&engine, &record, &self.ps_options)? {
            say!("{row}");
        }
        Ok(0)
    }
}

/// The lines of ps(1) that are a container's, the titles first.
pub fn top(engine: &Engine, record: &crate::record::Record, options: &[String]) -> Result<Vec<String>> {
    let pids = engine.processes(record)?;
    let usual = ["-ef".to_string()];
    let options = if options.is_empty() { &usual[..] } else { options };
    let output =
        std::process::Command::new("ps").args(options).output().context("cannot start ps\ncure: apt install procps")?;
    if !output.status.success() {
        bail!("ps: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines();
    let titles = lines.next().context("ps printed nothing")?;
    let column = titles
        .split_whitespace()
        .position(|title| title == "PID")
        .context("Couldn't find PID field in ps output\ncure: choose columns with PID among them")?;
    let is_ours = |line: &&str| {
        line.split_whitespace().nth(column).and_then(|pid| pid.parse().ok()).is_some_and(|pid: i32| pids.contains(&pid))
    };
    Ok([titles.to_string()].into_iter().chain(lines.filter(is_ours).map(String::from)).collect())
}

/// Show a container's published ports.
#[derive(Args)]
pub struct PortVerb {
    /// Its name, its id, or the beginning of its id.
    container: String,
}

impl PortVerb {
    /// Prints them.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let engine = Engine::open(store)?;
        let record = engine.records().find(&self.container)?;
        for port in engine.endpoint(&record).into_iter().flat_map(|endpoint| endpoint.ports) {
            say!("{}/tcp -> {}:{}", port.container, port.ip, port.host);
        }
        Ok(0)
    }
}

/// Show what a container changed in its image: A added, C changed, D deleted.
#[derive(Args)]
pub struct DiffVerb {
    /// `json`: one array of objects: path, kind (A, C or D).
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Its name, its id, or the beginning of its id.
    container: String,
}

impl DiffVerb {
    /// Prints it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        end_quietly_in_a_pipe()?;
        let engine = Engine::open(store)?;
        let changes = engine.changes(&engine.records().find(&self.container)?)?;
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

/// Make a layer of what a container changed. Prints its chain id.
#[derive(Args)]
pub struct CommitVerb {
    /// Its name, its id, or the beginning of its id.
    container: String,
    /// The name of the new layer.
    name: String,
}

impl CommitVerb {
    /// Makes it.
    pub fn act(self, store: &StoreFlags) -> Result<u8> {
        let engine = Engine::open(store)?;
        let record = engine.records().find(&self.container)?;
        let layers = engine.layers()?;
        say!("{}", ch04_unionfs::commit_by_id(&layers, &record.id, &self.name)?.chain);
        Ok(0)
    }
}
