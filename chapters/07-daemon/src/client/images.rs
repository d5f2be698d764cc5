//! Images that a daemon has, or fetches.

use anyhow::{Context, Result, bail};
use ch01_namespaces::report;
use hyper::Method;
use serde_json::Value;

use super::Remote;
use super::http::request;
use super::path::Path;

impl Remote {
    /// Has the daemon pull an image that it lacks, and calls `tell` with a layer's id and what happens
    /// to it.
    pub fn pull_if_missing(&self, image: &str, mut tell: impl FnMut(&str, &str)) -> Result<()> {
        let known = self.http.ask(Method::GET, &Path::new(&["images", image, "json"]).to_string(), None);
        // Another refusal is `create`'s to make: chapter 7's own daemon knows nothing of images.
        let is_missing = known.is_err_and(|error| error.to_string().contains("No such image"));
        if !is_missing {
            return Ok(());
        }
        report(&anyhow::anyhow!("unable to find image '{image}' locally: the daemon pulls it"));
        let (name, tag) = name_and_tag(image);
        let path = Path::new(&["images", "create"]).with("fromImage", name).with("tag", tag).to_string();
        let answer = self.http.send(request(Method::POST, &path, None)?)?;
        let mut rest = Vec::new();
        // The answer is "200" before anything is pulled: a failure comes as a line.
        self.http.pieces(answer, |bytes| {
            rest.extend_from_slice(bytes);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                let line: Value = serde_json::from_slice(&line).context("the daemon's progress is not JSON")?;
                if let Some(error) = line["error"].as_str() {
                    bail!("{error}");
                }
                if line["progressDetail"]["total"].is_null() {
                    tell(line["id"].as_str().unwrap_or_default(), line["status"].as_str().unwrap_or_default());
                }
            }
            Ok(())
        })
    }
}

/// The tag stands behind the last colon, unless that is a registry's port; a digest is one, too.
fn name_and_tag(image: &str) -> (&str, &str) {
    if let Some((name, digest)) = image.split_once('@') {
        return (name, digest);
    }
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::name_and_tag;

    #[test]
    fn a_registrys_port_is_no_tag() {
        assert_eq!(name_and_tag("nginx"), ("nginx", "latest"));
        assert_eq!(name_and_tag("localhost:5000/web"), ("localhost:5000/web", "latest"));
        assert_eq!(name_and_tag("localhost:5000/web:v1"), ("localhost:5000/web", "v1"));
        assert_eq!(name_and_tag("web@sha256:00"), ("web", "sha256:00"));
    }
}
