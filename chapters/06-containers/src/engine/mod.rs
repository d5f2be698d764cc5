//! What can be done with containers. The command line drives it, and so do chapter 7's daemon and
//! chapter 8's tool.
//!
//! [`Engine`] is what a client needs: names go in, plain data and descriptors come out. [`Local`]
//! does it in this process; chapter 7 adds a second implementation, which asks a daemon over HTTP.
//! The verbs of the command line don't know which of the two they have.

mod abandoned;
mod create;
mod inspect;
mod lifecycle;
mod list;
mod local;
mod logs;
mod queries;
mod requests;
mod stats;
mod stop;
mod top;
mod volumes;

pub use create::{Created, NewContainer};
pub use inspect::{default_host_config, inspect};
pub use lifecycle::remove_record;
pub use list::{Filters, status_text};
pub use local::Local;
pub use queries::ExecInspect;
pub use requests::{Ending, ListRequest, LogRequest, LogSink, Port, Processes, Running, Stream, Summary};

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use ch01_namespaces::ExplainFlag;
use ch04_unionfs::changes::Change;
use serde_json::Value;

use crate::detach_keys::DetachKeys;
use crate::shim::ExecRequest;

// ANCHOR: engine
/// An engine, wherever it is. A container is named by its name, its id, or the beginning of its id.
///
/// Nothing here waits longer than a disk, but for what says so: an [`Ending`], `stop`, `restart`,
/// and the log that is followed.
pub trait Engine: Sync {
    /// Begins to tell each step on stderr, if the flag says so. An engine in another process can't.
    fn narrate(&self, flag: &ExplainFlag) -> Result<()>;
    /// Makes a container: a record and a layer, no process yet.
    fn create(&self, new: NewContainer) -> Result<Created>;
    /// Starts a container. One that runs already is left alone.
    fn start(&self, name: &str) -> Result<()>;
    /// Attaches to a container and starts it, in this order: nothing of its output is missed. The
    /// client looks for the keys; a daemon has to know them, because it looks for some, too.
    fn start_attached(&self, name: &str, stdin: bool, keys: &DetachKeys) -> Result<Running<'_>>;
    /// Attaches to a container that runs.
    fn attach(&self, name: &str, stdin: bool, keys: &DetachKeys) -> Result<Running<'_>>;
    /// Begins to wait for a container's end.
    fn wait(&self, name: &str) -> Result<Ending<'_>>;
    /// Ends a container by a signal, and by force after so many seconds (never if negative). Waits.
    fn stop(&self, name: &str, seconds: Option<i64>, signal: Option<&str>) -> Result<()>;
    /// Stops a container and starts it again. Waits.
    fn restart(&self, name: &str, seconds: Option<i64>) -> Result<()>;
    /// Sends a signal to a container's first process.
    fn kill(&self, name: &str, signal: i32) -> Result<()>;
    /// Halts a container, or lets it go on.
    fn pause(&self, name: &str, is_pause: bool) -> Result<()>;
    /// Gives a container another name.
    fn rename(&self, name: &str, new: &str) -> Result<()>;
    /// Removes a container; with `force` also one that runs.
    fn remove(&self, name: &str, force: bool, with_volumes: bool) -> Result<()>;
    /// Removes all containers that don't run. Gives their ids.
    fn prune(&self) -> Result<Vec<String>>;
    /// The containers that have to run by their policies and don't.
    fn due_after_a_reboot(&self) -> Result<Vec<String>>;

    /// Runs one more command in a container, attached.
    fn exec(&self, name: &str, request: ExecRequest, keys: &DetachKeys) -> Result<Running<'_>>;
    /// The same in the background.
    fn exec_detached(&self, name: &str, request: ExecRequest) -> Result<()>;
    /// Sets the size of a container's terminal, or of an exec's.
    fn resize(&self, name: &str, exec: Option<&str>, columns: u16, rows: u16) -> Result<()>;

    /// Containers, the newest first.
    fn list(&self, request: &ListRequest) -> Result<Vec<Summary>>;
    /// A container as `docker inspect` shows it.
    fn inspect(&self, name: &str) -> Result<Value>;
    /// What a container wrote. With `follow` until it ends.
    fn logs(&self, name: &str, request: &LogRequest, out: &mut dyn LogSink) -> Result<()>;
    /// A container's processes, as ps(1) shows them.
    fn top(&self, name: &str, ps_options: &[String]) -> Result<Processes>;
    /// What a container changed in its image.
    fn changes(&self, name: &str) -> Result<Vec<Change>>;
    /// Writes everything that a container's root file system shows as one archive.
    fn export(&self, name: &str, out: &mut dyn Write) -> Result<()>;

    /// All volumes, as `docker volume inspect` shows them.
    fn list_volumes(&self) -> Result<Vec<Value>>;
    /// One volume.
    fn inspect_volume(&self, name: &str) -> Result<Value>;
    /// Makes a volume, or finds it. Gives its name.
    fn create_volume(&self, name: Option<&str>, labels: BTreeMap<String, String>) -> Result<String>;
    /// Removes a volume that no container uses.
    fn remove_volume(&self, name: &str) -> Result<()>;
    /// Removes volumes that no container uses; with `all` also those that somebody named. Gives their
    /// names.
    fn prune_volumes(&self, all: bool) -> Result<Vec<String>>;
}
// ANCHOR_END: engine
