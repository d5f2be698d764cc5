//! What talks with a container: attach, exec, wait.

use std::time::Duration;

use anyhow::{Context, Result};
use ch06_containers::DetachKeys;
use ch06_containers::engine::{Ending, Engine, Running};
use ch06_containers::shim::ExecRequest;
use hyper::Method;
use serde_json::{Value, json};

use super::path::Path;
use super::{Remote, container};
use crate::client::http::request;

fn attach_path(id: &str, stdin: bool, keys: &DetachKeys) -> String {
    let path = container(id, "attach").with("stream", 1).with_flag("stdin", stdin);
    path.with("stdout", 1).with("stderr", 1).with("detachKeys", keys).to_string()
}

impl Remote {
    // ANCHOR: attach_and_start
    /// As the docker client does it: attach, wait, start. The daemon keeps the attached connection
    /// until there is a shim to give it to, and answers "wait" with a head at once: after that no end
    /// is missed.
    pub(super) fn attach_and_start(&self, name: &str, stdin: bool, keys: &DetachKeys) -> Result<Running<'_>> {
        let found = self.inspect(name)?;
        let id = found["Id"].as_str().unwrap_or(name).to_string();
        let until = if found["HostConfig"]["AutoRemove"] == true { "removed" } else { "next-exit" };
        let stream = self.http.hijack(&attach_path(&id, stdin, keys), None)?;
        let ending = self.wait_until(&id, Some(until))?;
        self.start(&id)?;
        Ok(Running { id, stream, ending })
    }
    // ANCHOR_END: attach_and_start

    pub(super) fn attach_to(&self, id: &str, stdin: bool, keys: &DetachKeys) -> Result<Running<'_>> {
        let ending = self.wait_until(id, None)?;
        let stream = self.http.hijack(&attach_path(id, stdin, keys), None)?;
        Ok(Running { id: id.into(), stream, ending })
    }

    /// The head of the answer comes at once, its body when the container has ended.
    pub(super) fn wait_until(&self, name: &str, condition: Option<&str>) -> Result<Ending<'_>> {
        let path = container(name, "wait").with_some("condition", condition);
        let answer = self.http.send(request(Method::POST, &path.to_string(), None)?)?;
        Ok(Box::new(move || {
            let body = self.http.whole(answer)?;
            let told: Value = serde_json::from_slice(&body).context("the daemon ended before the container did")?;
            // Exit statuses have eight bits.
            Ok(told["StatusCode"].as_u64().unwrap_or(137) as u8)
        }))
    }

    /// Has the daemon note a command. Gives its id.
    pub(super) fn make_exec(&self, name: &str, request: &ExecRequest, is_attached: bool) -> Result<String> {
        let mut body = json!({
            "Cmd": request.command, "Env": request.env, "WorkingDir": request.working_dir, "User": request.user,
            "Tty": request.tty, "AttachStdin": request.stdin, "AttachStdout": is_attached, "AttachStderr": is_attached,
            "Privileged": request.privileged,
            "DetachKeys": request.detach_keys.as_ref().map(ToString::to_string).unwrap_or_default(),
        });
        if let Some((columns, rows)) = request.size {
            body["ConsoleSize"] = json!([rows, columns]);
        }
        let made = self.post(container(name, "exec"), Some(&body))?;
        Ok(made["Id"].as_str().context("the daemon noted a command and did not say its id")?.into())
    }

    pub(super) fn exec_attached(&self, name: &str, request: &ExecRequest) -> Result<Running<'_>> {
        let id = self.make_exec(name, request, true)?;
        let start = Path::new(&["exec", &id, "start"]).to_string();
        let stream = self.http.hijack(&start, Some(&json!({"Detach": false, "Tty": request.tty})))?;
        let exec = id.clone();
        Ok(Running { id, stream, ending: Box::new(move || self.exec_status(&exec)) })
    }

    /// The API has no "wait" for a command: its stream's end is its end, unless it closed its output
    /// earlier.
    fn exec_status(&self, id: &str) -> Result<u8> {
        loop {
            let state: Value = self.get(Path::new(&["exec", id, "json"]))?;
            if state["Running"] != true {
                return Ok(state["ExitCode"].as_u64().unwrap_or(137) as u8);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
