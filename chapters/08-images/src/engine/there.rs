//! A daemon's images, over HTTP.

use std::io::Write;

use anyhow::{Context as _, Result};
use ch07_daemon::client::{Http, Path, request};
use hyper::Method;
use hyper::header::HeaderName;
use serde_json::{Value, json};

use super::here::shown;
use super::{Files, Gone, Images, Input, Listed, Step};
use crate::Reference;
use crate::build::{Context, Output, Request};
use crate::transfer::{self, Credentials, Progress, credentials};

/// The images of a daemon.
pub struct There(Http);

/// A request's header: its name and its value.
type Header = (&'static str, String);

impl There {
    /// The daemon at `unix:///PATH`.
    pub fn new(host: &str) -> Result<There> {
        Ok(There(Http::new(host)?))
    }

    fn get(&self, path: Path) -> Result<Value> {
        self.0.ask(Method::GET, &path.to_string(), None)
    }

    /// Posts what a closure writes, and calls `each` with the lines of the answer.
    fn send(
        &self,
        path: Path,
        headers: &[Header],
        write: impl FnOnce(&mut dyn Write) -> Result<()> + Send + 'static,
        each: impl FnMut(&Value) -> Result<()>,
    ) -> Result<()> {
        let (answer, sent) = self.0.send_written(&path.to_string(), headers, write)?;
        sent.explain(self.0.lines(answer, each))
    }

    fn rows(&self, path: Path) -> Result<Vec<Value>> {
        Ok(self.get(path)?.as_array().cloned().unwrap_or_default())
    }
}

fn image(name: &str, what: &str) -> Path {
    Path::new(&["images", name, what])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The API has times of images in seconds.
fn time(seconds: &Value) -> String {
    ch06_containers::parse_time(&seconds.to_string()).unwrap_or_default()
}

fn named(path: Path, name: &Reference) -> Path {
    let tag = name.digest.map(|digest| digest.to_string()).or(name.tag.clone());
    path.with_some("tag", tag)
}

fn encoded(value: &Value) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE.encode(value.to_string())
}

fn login(credentials: &Credentials, domain: &str) -> Value {
    json!({"username": credentials.user, "password": credentials.password, "serveraddress": domain})
}

impl Images for There {
    fn list(&self) -> Result<Vec<Listed>> {
        let listed = |row: &Value| {
            // Docker 20.10 says "<none>:<none>" where there is no name.
            let names = texts(&row["RepoTags"]).chain(texts(&row["RepoDigests"])).filter_map(|name| name.parse().ok());
            Listed {
                id: text(&row["Id"]),
                names: shown(names.collect()),
                created: time(&row["Created"]),
                size: row["Size"].as_u64().unwrap_or_default(),
            }
        };
        Ok(self.rows(Path::new(&["images", "json"]))?.iter().map(listed).collect())
    }

    fn history(&self, name: &str) -> Result<Vec<Step>> {
        let step = |row: &Value| Step {
            created: time(&row["Created"]),
            by: text(&row["CreatedBy"]),
            comment: text(&row["Comment"]),
            size: row["Size"].as_u64().unwrap_or_default(),
        };
        Ok(self.rows(image(name, "history"))?.iter().map(step).collect())
    }

    fn details(&self, name: &str) -> Result<Value> {
        self.get(image(name, "json"))
    }

    fn tag(&self, name: &str, new: &Reference) -> Result<()> {
        let path = named(image(name, "tag").with("repo", new.repository()), new);
        self.0.ask(Method::POST, &path.to_string(), None).map(drop)
    }

    fn remove(&self, name: &str, force: bool) -> Result<Gone> {
        let path = Path::new(&["images", name]).with_flag("force", force);
        Ok(gone(&self.0.ask(Method::DELETE, &path.to_string(), None)?))
    }

    fn prune(&self, steps: bool) -> Result<Gone> {
        if steps {
            let done = self.0.ask(Method::POST, "/build/prune", None)?;
            return Ok(Gone { deleted: texts(&done["CachesDeleted"]).map(String::from).collect(), ..Gone::default() });
        }
        Ok(gone(&self.0.ask(Method::POST, "/images/prune", None)?["ImagesDeleted"]))
    }

    fn pull(&self, name: &Reference, progress: &mut Progress<'_>) -> Result<()> {
        let path = named(Path::new(&["images", "create"]).with("fromImage", name.repository()), name);
        let mut request = request(Method::POST, &path.to_string(), None)?;
        if let Some(found) = credentials(&name.domain)? {
            let value = encoded(&login(&found, &name.domain)).parse().context("a password can't be sent")?;
            request.headers_mut().insert(HeaderName::from_static("x-registry-auth"), value);
        }
        let answer = self.0.send(request)?;
        self.0.lines(answer, |line| {
            let detail = &line["progressDetail"];
            // Lines about the whole have no detail; their id is the tag.
            if let (Some(id), true) = (line["id"].as_str(), detail.is_object()) {
                let number = |key: &str| detail[key].as_u64().unwrap_or_default();
                progress(id, line["status"].as_str().unwrap_or_default(), number("current"), number("total"));
            }
            Ok(())
        })
    }

    fn load(&self, archive: Input) -> Result<Vec<String>> {
        let mut said = Vec::new();
        self.send(Path::new(&["images", "load"]).with("quiet", 1), &[], copying(archive), |line| {
            said.extend(line["stream"].as_str().map(|line| line.trim_end().to_string()));
            Ok(())
        })?;
        Ok(said)
    }

    fn save(&self, names: &[String], out: &mut dyn Write) -> Result<()> {
        let path = names.iter().fold(Path::new(&["images", "get"]), |path, name| path.with("names", name));
        let answer = self.0.send(request(Method::GET, &path.to_string(), None)?)?;
        self.0.pieces(answer, |bytes| out.write_all(bytes).context("cannot write the archive"))?;
        out.flush().context("cannot write the archive")
    }

    fn import(&self, archive: Input, name: Option<&Reference>) -> Result<String> {
        let mut path = Path::new(&["images", "create"]).with("fromSrc", "-");
        if let Some(name) = name {
            path = named(path.with("repo", name.repository()), name);
        }
        let mut id = String::new();
        self.send(path, &[], copying(archive), |line| {
            id = text(&line["status"]);
            Ok(())
        })?;
        Ok(id)
    }

    // ANCHOR: build
    /// The classic builder: the context goes there as an archive, and the output comes back in lines.
    fn build(&self, files: Files, request: &Request, quiet: bool, output: &mut Output<'_>) -> Result<String> {
        let tags = request.tags.iter().fold(Path::new(&["build"]), |path, tag| path.with("t", tag.familiar()));
        let path = tags
            .with("version", 1)
            .with("dockerfile", &request.dockerfile)
            .with("buildargs", json!(request.args))
            .with("labels", json!(request.labels))
            .with_some("target", request.target.as_deref())
            .with_flag("nocache", request.no_cache)
            .with_flag("q", quiet)
            .with("rm", 1);
        // Which registries the Dockerfile needs is known there and not here.
        let logins: serde_json::Map<String, Value> =
            transfer::all_credentials()?.iter().map(|(key, found)| (key.clone(), login(found, key))).collect();
        let headers = [("x-registry-config", encoded(&Value::Object(logins)))];
        let mut id = String::new();
        let each = |line: &Value| {
            if let Some(said) = line["stream"].as_str() {
                // Of a quiet build the only line is the id.
                if quiet { id = said.trim().into() } else { output(said)? }
            }
            if let Some(found) = line["aux"]["ID"].as_str() {
                id = found.into();
            }
            Ok(())
        };
        let dockerfile = request.dockerfile.clone();
        match files {
            Files::Directory(context) => {
                self.send(path, &headers, move |out| write(&context, &dockerfile, out), each)?
            }
            Files::Archive(archive) => self.send(path, &headers, copying(archive), each)?,
        }
        Ok(id)
    }
    // ANCHOR_END: build
}

fn write(context: &Context, dockerfile: &str, out: &mut dyn Write) -> Result<()> {
    context.write(dockerfile, out)
}

fn copying(mut archive: Input) -> impl FnOnce(&mut dyn Write) -> Result<()> + Send + 'static {
    move |out| {
        std::io::copy(&mut archive, out)?;
        Ok(())
    }
}

fn gone(told: &Value) -> Gone {
    let rows = told.as_array().map(Vec::as_slice).unwrap_or_default();
    let all = |key: &str| rows.iter().filter_map(|row| row[key].as_str().map(String::from)).collect();
    Gone { untagged: all("Untagged"), deleted: all("Deleted") }
}
