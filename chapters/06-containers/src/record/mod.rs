//! A record: what Docker calls a container. It has a name, a configuration, a log and an exit
//! status, outlives its process, and comes to life many times. (One life, from create to removal of
//! a process, is chapter 1's [`Container`](ch01_namespaces::Container).)

mod execs;
mod file;
mod names;
mod state;
mod store;
mod taken;

pub(crate) use execs::write_exit;
pub use names::random_name;
pub use state::{LifeEnd, RecordState, Status};
pub use store::{Records, removed_container};

use std::collections::BTreeMap;

use ch01_namespaces::RecordedProcess;
use ch04_unionfs::digest::ChainId;
use serde::{Deserialize, Serialize};

/// Everything that is kept of a container, as `config.json` in its directory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was made, as RFC 3339 writes times.
    pub created: String,
    /// The image, as it was asked for.
    pub image: String,
    /// The image's topmost layer; `None` with `--rootfs`.
    pub layer: Option<ChainId>,
    /// The image's own id, where images have one (chapter 8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// What runs in it.
    pub config: Config,
    /// What surrounds it: flags of chapters 1 to 6, each as `--name=value`, as the command line has
    /// them.
    pub flags: Vec<String>,
    /// How it is kept alive, logged and removed.
    pub host: HostConfig,
    /// What became of it.
    pub state: RecordState,
}

impl Record {
    /// The image's id, or its topmost layer's.
    pub fn image(&self) -> String {
        self.image_id.clone().or_else(|| self.layer.map(|layer| layer.to_string())).unwrap_or_default()
    }
}

/// What runs in a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// In front of the command.
    pub entrypoint: Vec<String>,
    /// The command, or the entrypoint's arguments.
    pub cmd: Vec<String>,
    /// `NAME=VALUE`.
    pub env: Vec<String>,
    /// Where it starts; `/` if empty.
    pub working_dir: String,
    /// `USER[:GROUP]`; root if empty.
    pub user: String,
    /// The host name; the id's first digits if empty.
    pub hostname: String,
    /// Whatever people note.
    pub labels: BTreeMap<String, String>,
    /// Whether it has a terminal of its own.
    pub tty: bool,
    /// Whether its standard input stays open while nobody is attached.
    pub open_stdin: bool,
    /// Whether the end of the first client's input is the end of its own.
    pub stdin_once: bool,
    /// The signal that `stop` sends; SIGTERM if empty.
    pub stop_signal: String,
    /// Seconds after which `stop` kills; 10 if not given.
    pub stop_timeout: Option<u32>,
    /// Ports that the image says it listens on, as `80/tcp`.
    pub exposed_ports: Vec<String>,
    /// Where anonymous volumes are mounted.
    pub volumes: Vec<String>,
}

impl Config {
    /// What is executed.
    pub fn command(&self) -> Vec<String> {
        self.entrypoint.iter().chain(&self.cmd).cloned().collect()
    }
}

/// How a container is kept alive, logged and removed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostConfig {
    /// Whether it is removed when it ends.
    pub auto_remove: bool,
    /// Whether an init is its first process.
    pub init: bool,
    /// When it is started again.
    pub restart: Restart,
    /// How large a log file gets before a new one is begun, in bytes; no limit if not given.
    pub log_max_size: Option<u64>,
    /// How many log files are kept.
    pub log_max_file: Option<u32>,
    /// The volumes that it uses, by name.
    pub volumes: Vec<String>,
    /// Anonymous ones among them: removed with it.
    pub anonymous_volumes: Vec<String>,
    /// The process that it was made for, and that removes it: a build's, for one step. When that
    /// process is gone, nobody wants the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_for: Option<RecordedProcess>,
    /// The HostConfig that a client of the API gave, verbatim (chapter 7).
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub api: serde_json::Value,
}

/// When a container is started again by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// Never.
    #[default]
    No,
    /// When it ends with another status than 0; at most so often, if a number is given.
    OnFailure(Option<u32>),
    /// Always, also after a reboot.
    Always,
    /// Always, unless somebody has stopped it.
    UnlessStopped,
}

impl std::str::FromStr for Restart {
    type Err = String;

    fn from_str(text: &str) -> Result<Restart, String> {
        match text.split_once(':').unwrap_or((text, "")) {
            ("no" | "", "") => Ok(Restart::No),
            ("always", "") => Ok(Restart::Always),
            ("unless-stopped", "") => Ok(Restart::UnlessStopped),
            ("on-failure", "") => Ok(Restart::OnFailure(None)),
            ("on-failure", number) => match number.parse() {
                Ok(number) => Ok(Restart::OnFailure(Some(number))),
                Err(_) => Err(format!("invalid restart policy {text:?}: {number:?} is not a number")),
            },
            _ => Err(format!(
                "invalid restart policy {text:?}: use no, on-failure, on-failure:NUMBER, always or unless-stopped"
            )),
        }
    }
}

impl Restart {
    /// Docker's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Restart::No => "no",
            Restart::OnFailure(_) => "on-failure",
            Restart::Always => "always",
            Restart::UnlessStopped => "unless-stopped",
        }
    }

    // ANCHOR: again
    /// Whether the policy restarts a container that has ended.
    pub fn again(self, code: u8, restarts: u32, was_stopped: bool) -> bool {
        if was_stopped {
            return false;
        }
        match self {
            Restart::No => false,
            Restart::OnFailure(most) => code != 0 && most.is_none_or(|most| most == 0 || restarts < most),
            Restart::Always | Restart::UnlessStopped => true,
        }
    }
    // ANCHOR_END: again
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_as_docker_reads_them() {
        assert_eq!("on-failure:3".parse(), Ok(Restart::OnFailure(Some(3))));
        assert_eq!("unless-stopped".parse(), Ok(Restart::UnlessStopped));
        assert!("sometimes".parse::<Restart>().is_err() && "always:3".parse::<Restart>().is_err());
    }

    #[test]
    fn who_was_stopped_stays_stopped_and_failures_are_counted() {
        assert!(Restart::Always.again(0, 99, false) && !Restart::Always.again(0, 0, true));
        assert!(Restart::OnFailure(Some(2)).again(1, 1, false));
        assert!(!Restart::OnFailure(Some(2)).again(1, 2, false) && !Restart::OnFailure(None).again(0, 0, false));
    }
}
