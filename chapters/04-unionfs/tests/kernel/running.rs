//! Stores, layers and containers for tests, looked at from outside.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use lab::observe;
use testkit::needs;

use crate::archives::Archive;

const CACHE: &str = "/tmp/cache";

/// A store with a storage driver, in the lab's own /tmp.
#[derive(Debug, Clone)]
pub struct World {
    pub driver: &'static str,
    pub store: PathBuf,
}

/// Makes the claim with both drivers, each in a store of its own.
pub fn with_both(claim: impl Fn(&World) -> Result<()>) -> Result<()> {
    let vfs = World::new("vfs");
    claim(&vfs).context("with vfs")?;
    let overlay2 = World::new("overlay2");
    overlay2.need()?;
    claim(&overlay2).context("with overlay2")
}

impl World {
    pub fn new(driver: &'static str) -> World {
        World { driver, store: format!("/tmp/store-{driver}").into() }
    }

    /// On overlay2, where that works.
    pub fn overlay2() -> Result<World> {
        let world = World::new("overlay2");
        world.need()?;
        Ok(world)
    }

    /// That the driver works here.
    pub fn need(&self) -> Result<()> {
        let output = World { driver: "vfs", ..self.clone() }.verb(&["info"], &[]).output()?;
        needs::that(!format_output(&output).contains(&format!("{} does not work here", self.driver)), self.driver)
    }

    /// The program, with this store.
    pub fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ch04-unionfs"));
        command.arg("--root").arg(&self.store).env("XDG_CACHE_HOME", CACHE).env("RUST_BACKTRACE", "0");
        command.stdin(Stdio::null());
        command
    }

    /// A verb that takes `--storage-driver`.
    pub fn verb(&self, verb: &[&str], args: &[&str]) -> Command {
        let mut command = self.program();
        command.args(verb).args(["--storage-driver", self.driver]).args(args);
        command
    }

    /// Imports an archive; what was printed.
    pub fn import(&self, name: &str, parent: Option<&str>, archive: &[u8]) -> Result<Output> {
        let mut args = vec![name];
        args.extend(parent.iter().flat_map(|parent| ["--parent", parent]));
        let mut child = self.verb(&["layer", "import"], &args);
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take().context("no stdin")?;
        let archive = archive.to_vec();
        // It may end before it has read all.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&archive)));
        let output = child.wait_with_output()?;
        writer.join().ok();
        Ok(output)
    }

    /// The same, which succeeds; gives the chain id.
    pub fn layer(&self, name: &str, parent: Option<&str>, archive: &[u8]) -> Result<String> {
        let output = self.import(name, parent, archive)?;
        ensure!(output.status.success(), "importing {name}: {}", format_output(&output));
        Ok(String::from_utf8(output.stdout)?.trim().into())
    }

    pub fn export(&self, layer: &str) -> Result<Vec<u8>> {
        let output = self.verb(&["layer", "export"], &[layer]).output()?;
        ensure!(output.status.success(), "{}", format_output(&output));
        Ok(output.stdout)
    }

    /// A small image with a shell, called base; and what else the archive has.
    pub fn base(&self, more: Archive) -> Result<()> {
        self.layer("programs", None, &programs()?)?;
        self.layer("base", Some("programs"), &more.end())?;
        Ok(())
    }

    /// Runs a script to its end, in a container that stays.
    pub fn create(&self, name: &str, image: &str, script: &str) -> Result<()> {
        succeeds(&mut self.verb(&["create"], &["--name", name, image, "sh", "-c", script]))?;
        succeeds(self.program().args(["start", name]))?;
        testkit::eventually(&format!("{name} ends"), || {
            let list = succeeds(self.program().arg("ps"))?;
            Ok(list.lines().any(|line| line.contains(name) && line.contains("stopped")))
        })
    }

    pub fn diff(&self, container: &str) -> Result<String> {
        succeeds(&mut self.verb(&["diff"], &[container]))
    }

    pub fn remove_container(&self, name: &str) -> Result<()> {
        succeeds(self.program().args(["rm", "--force", name])).map(drop)
    }

    pub fn data(&self) -> PathBuf {
        self.store.join("data")
    }

    /// The driver's directories of layers, committed or half-made, and the index's entries.
    pub fn on_disk(&self) -> Result<Vec<String>> {
        let layers = if self.driver == "vfs" { "vfs/dir" } else { "overlay2" };
        let index = format!("image/{}/layerdb", self.driver);
        let places =
            [layers, "overlay2/l", &format!("{index}/sha256"), &format!("{index}/mounts"), &format!("{index}/tmp")];
        let mut found = Vec::new();
        for place in places {
            for entry in std::fs::read_dir(self.data().join(place)).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name != "l" {
                    found.push(format!("{place}/{name}"));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// The topmost directory of a layer on disk, by its chain id.
    pub fn content(&self, chain: &str) -> Result<PathBuf> {
        let chain = chain.trim_start_matches("sha256:");
        let file = self.data().join(format!("image/{}/layerdb/sha256/{chain}/cache-id", self.driver));
        Ok(self.content_of(std::fs::read_to_string(file)?.trim()))
    }

    /// Of a container.
    pub fn content_of_container(&self, container: &str) -> Result<PathBuf> {
        let id = self.id_of(container)?;
        let file = self.data().join(format!("image/{}/layerdb/mounts/{id}/mount-id", self.driver));
        Ok(self.content_of(std::fs::read_to_string(file)?.trim()))
    }

    pub fn id_of(&self, container: &str) -> Result<String> {
        let list = succeeds(self.program().args(["ps", "--format", "json"]))?;
        let list: serde_json::Value = serde_json::from_str(&list)?;
        let all = list.as_array().context("no array")?;
        let found = all.iter().find(|one| one["name"] == container).context("no such container")?;
        Ok(found["id"].as_str().context("no id")?.into())
    }

    fn content_of(&self, cache_id: &str) -> PathBuf {
        match self.driver {
            "vfs" => self.data().join("vfs/dir").join(cache_id),
            _ => self.data().join("overlay2").join(cache_id).join("diff"),
        }
    }
}

/// An archive of a few programs, made once a case.
pub fn programs() -> Result<Vec<u8>> {
    programs_made_in(Path::new("/tmp"))
}

/// The same, in a directory where things may be made.
pub fn programs_made_in(place: &Path) -> Result<Vec<u8>> {
    let made = place.join("box");
    if !made.exists() {
        let programs = ["sh", "cat", "chmod", "cp", "ln", "ls", "mkdir", "mv", "rm", "rmdir", "sleep", "stat", "touch"];
        let with = programs.into_iter().flat_map(|name| ["--with", name]);
        let mut program = World { driver: "vfs", store: place.join("store-vfs") }.program();
        succeeds(program.args(["rootfs", "create", "--quiet"]).arg(&made).args(with))?;
    }
    Archive::of_directory(&made)
}

pub fn succeeds(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", format_output(&output));
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_string())
}

/// The error that a command ends with.
pub fn refused(command: &mut Command, status: i32) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.code() == Some(status), "{command:?}: {}", format_output(&output));
    Ok(String::from_utf8_lossy(&output.stderr).trim_end().to_string())
}

/// For errors.
pub fn format_output(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\nstdout: {out}\nstderr: {err}", output.status)
}

/// A container that runs until its stdin is closed.
pub struct Running {
    pub child: Child,
    /// The container's first process, as numbered here.
    pub pid: i32,
    _stdout: BufReader<ChildStdout>,
}

impl Running {
    /// Runs `script` in a shell that then waits, and returns when it does.
    pub fn start(world: &World, args: &[&str], image: &str, script: &str) -> Result<Running> {
        let mut command = world.verb(&["run"], args);
        command.args([image, "sh", "-c", &format!("{script}\necho ready; read line; true")]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().context("no stdout")?);
        let mut line = String::new();
        while line.trim_end() != "ready" {
            line.clear();
            ensure!(stdout.read_line(&mut line)? > 0, "{script:?}: it ended before it was ready: {:?}", child.wait()?);
        }
        let pid = *observe::children(child.id() as i32).first().context("the container is gone already")?;
        Ok(Running { child, pid, _stdout: stdout })
    }

    /// Its root, seen from outside.
    pub fn root(&self) -> PathBuf {
        format!("/proc/{}/root", self.pid).into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Names in a directory, sorted.
pub fn names(directory: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(directory).with_context(|| format!("read {}", directory.display()))?;
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}
