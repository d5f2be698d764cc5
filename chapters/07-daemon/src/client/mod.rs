//! The other engine: a daemon somewhere, asked over HTTP. The command line is chapter 6's, and
//! doesn't know that it has this one.
//!
//! It speaks the Engine API and no dialect of ours, so the daemon may be Docker's as well.

mod create;
mod http;
mod networks;
mod path;
mod stats;
mod streams;
mod transfer;

pub use http::{Http, request};
pub use path::Path;

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Context, Result, bail};
use ch01_namespaces::ExplainFlag;
use ch04_unionfs::changes::{Change, Kind};
use ch06_containers::engine::{
    Created, Ending, Engine, ListRequest, LogRequest, LogSink, NewContainer, Processes, Running, Summary,
};
use ch06_containers::seconds_with_nanos;
use ch06_containers::shim::ExecRequest;
use ch06_containers::{DetachKeys, Frames};
use hyper::body::Incoming;
use hyper::{Method, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A daemon.
#[derive(Debug)]
pub struct Remote {
    http: Http,
}

fn container(name: &str, what: &str) -> Path {
    Path::new(&["containers", name, what])
}

impl Remote {
    /// The one at `unix:///PATH`.
    pub fn new(host: &str) -> Result<Remote> {
        Ok(Remote { http: Http::new(host)? })
    }

    fn get<T: DeserializeOwned>(&self, path: Path) -> Result<T> {
        let path = path.to_string();
        let value = self.http.ask(Method::GET, &path, None)?;
        serde_json::from_value(value).with_context(|| format!("the daemon's answer to {path} is not understood"))
    }

    /// An answer that comes in pieces.
    fn stream(&self, path: Path) -> Result<Response<Incoming>> {
        self.http.send(request(Method::GET, &path.to_string(), None)?)
    }

    fn post(&self, path: Path, body: Option<&Value>) -> Result<Value> {
        self.http.ask(Method::POST, &path.to_string(), body)
    }

    /// Makes an image of a container, and gives its id.
    pub fn commit(&self, name: &str, image: &str) -> Result<String> {
        // A colon before a slash is a port's.
        let tag = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'));
        let (repository, tag) = tag.map_or((image, None), |(repository, tag)| (repository, Some(tag)));
        let path = Path::new(&["commit"]).with("container", name).with("repo", repository).with_some("tag", tag);
        let made = self.post(path, None)?;
        Ok(made["Id"].as_str().context("the daemon made an image and did not say its id")?.into())
    }

    fn delete(&self, path: Path) -> Result<()> {
        self.http.ask(Method::DELETE, &path.to_string(), None).map(drop)
    }
}

/// A list of texts in an answer.
fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(String::from)).collect()
}

impl Engine for Remote {
    fn narrate(&self, flag: &ExplainFlag) -> Result<()> {
        if flag.explain.is_none() {
            return Ok(());
        }
        bail!(
            "--explain shows only what is done without a daemon\ncause: a daemon makes this container, and its steps are \
             not in the Engine API\ncure: leave --host and DOCKER_HOST out"
        )
    }

    fn create(&self, new: NewContainer) -> Result<Created> {
        let path = Path::new(&["containers", "create"]).with_some("name", new.name.as_deref());
        let made = self.post(path, Some(&create::body(&new)?))?;
        let id = made["Id"].as_str().context("the daemon made a container and did not say its id")?;
        Ok(Created { id: id.into(), warnings: texts(&made["Warnings"]) })
    }

    fn start(&self, name: &str) -> Result<()> {
        self.post(container(name, "start"), None).map(drop)
    }

    fn start_attached(&self, name: &str, stdin: bool, keys: &DetachKeys) -> Result<Running<'_>> {
        self.attach_and_start(name, stdin, keys)
    }

    fn attach(&self, name: &str, stdin: bool, keys: &DetachKeys) -> Result<Running<'_>> {
        self.attach_to(name, stdin, keys)
    }

    fn wait(&self, name: &str) -> Result<Ending<'_>> {
        self.wait_until(name, None)
    }

    fn stop(&self, name: &str, seconds: Option<i64>, signal: Option<&str>) -> Result<()> {
        self.post(container(name, "stop").with_some("t", seconds).with_some("signal", signal), None).map(drop)
    }

    fn restart(&self, name: &str, seconds: Option<i64>) -> Result<()> {
        self.post(container(name, "restart").with_some("t", seconds), None).map(drop)
    }

    fn kill(&self, name: &str, signal: i32) -> Result<()> {
        self.post(container(name, "kill").with("signal", signal), None).map(drop)
    }

    fn pause(&self, name: &str, is_pause: bool) -> Result<()> {
        self.post(container(name, if is_pause { "pause" } else { "unpause" }), None).map(drop)
    }

    fn rename(&self, name: &str, new: &str) -> Result<()> {
        self.post(container(name, "rename").with("name", new), None).map(drop)
    }

    fn remove(&self, name: &str, force: bool, with_volumes: bool) -> Result<()> {
        self.delete(Path::new(&["containers", name]).with_flag("force", force).with_flag("v", with_volumes))
    }

    fn prune(&self) -> Result<Vec<String>> {
        let gone = self.post(Path::new(&["containers", "prune"]), None)?;
        Ok(texts(&gone["ContainersDeleted"]))
    }

    fn due_after_a_reboot(&self) -> Result<Vec<String>> {
        bail!(
            "--restart-policy is for machines without a daemon\ncause: a daemon starts these containers when it starts"
        )
    }

    fn exec(&self, name: &str, request: ExecRequest, keys: &DetachKeys) -> Result<Running<'_>> {
        self.exec_attached(name, &ExecRequest { detach_keys: Some(keys.clone()), ..request })
    }

    fn exec_detached(&self, name: &str, request: ExecRequest) -> Result<()> {
        let id = self.make_exec(name, &request, false)?;
        self.post(Path::new(&["exec", &id, "start"]), Some(&json!({"Detach": true, "Tty": request.tty}))).map(drop)
    }

    fn resize(&self, name: &str, exec: Option<&str>, columns: u16, rows: u16) -> Result<()> {
        let path = match exec {
            Some(id) => Path::new(&["exec", id, "resize"]),
            None => container(name, "resize"),
        };
        self.post(path.with("h", rows).with("w", columns), None).map(drop)
    }

    fn list(&self, request: &ListRequest) -> Result<Vec<Summary>> {
        let path = Path::new(&["containers", "json"]).with_flag("all", request.all);
        self.get(path.with_some("limit", request.limit).with_filters(&request.filters))
    }

    fn inspect(&self, name: &str) -> Result<Value> {
        self.get(container(name, "json"))
    }

    fn logs(&self, name: &str, request: &LogRequest, out: &mut dyn LogSink) -> Result<()> {
        let is_terminal = self.inspect(name)?["Config"]["Tty"] == true;
        let options = &request.options;
        let path = container(name, "logs")
            .with_flag("stdout", options.stdout)
            .with_flag("stderr", options.stderr)
            .with_flag("follow", request.follow)
            .with_flag("timestamps", request.timestamps)
            .with_some("tail", options.tail)
            .with_some("since", options.since.as_deref().map(seconds_with_nanos))
            .with_some("until", options.until.as_deref().map(seconds_with_nanos));
        let mut frames = Frames::default();
        self.http.pieces(self.stream(path)?, |bytes| {
            if is_terminal {
                out.take(1, bytes)?;
            } else {
                frames.take(bytes, |stream, text| out.take(stream, text))?;
            }
            if request.follow { out.flush() } else { Ok(()) }
        })?;
        out.flush()
    }

    fn top(&self, name: &str, ps_options: &[String]) -> Result<Processes> {
        let options = (!ps_options.is_empty()).then(|| ps_options.join(" "));
        self.get(container(name, "top").with_some("ps_args", options))
    }

    fn changes(&self, name: &str) -> Result<Vec<Change>> {
        let changes: Value = self.get(container(name, "changes"))?;
        let change = |change: &Value| {
            let kind = match change["Kind"].as_u64()? {
                0 => Kind::Changed,
                1 => Kind::Added,
                _ => Kind::Deleted,
            };
            Some(Change { path: change["Path"].as_str()?.into(), kind })
        };
        Ok(changes.as_array().into_iter().flatten().filter_map(change).collect())
    }

    fn export(&self, name: &str, out: &mut dyn Write) -> Result<()> {
        self.http.pieces(self.stream(container(name, "export"))?, |bytes| out.write_all(bytes).context("cannot write"))
    }

    fn list_volumes(&self) -> Result<Vec<Value>> {
        let all: Value = self.get(Path::new(&["volumes"]))?;
        Ok(all["Volumes"].as_array().cloned().unwrap_or_default())
    }

    fn inspect_volume(&self, name: &str) -> Result<Value> {
        self.get(Path::new(&["volumes", name]))
    }

    fn create_volume(&self, name: Option<&str>, labels: BTreeMap<String, String>) -> Result<String> {
        let made = self.post(
            Path::new(&["volumes", "create"]),
            Some(&json!({"Name": name.unwrap_or_default(), "Labels": labels})),
        )?;
        Ok(made["Name"].as_str().context("the daemon made a volume and did not say its name")?.into())
    }

    fn remove_volume(&self, name: &str) -> Result<()> {
        self.delete(Path::new(&["volumes", name]))
    }

    fn prune_volumes(&self, all: bool) -> Result<Vec<String>> {
        let filters = if all { BTreeMap::from([("all".into(), vec!["true".into()])]) } else { BTreeMap::new() };
        let gone = self.post(Path::new(&["volumes", "prune"]).with_filters(&filters), None)?;
        Ok(texts(&gone["VolumesDeleted"]))
    }
}
