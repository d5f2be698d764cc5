//! A lab's inhabitants: who runs the daemon, the daemon, and commands beside it.

use std::fs::{self, File};
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use testkit::{Output, eventually, needs, run_to_end};

use crate::fetched::Docker;

/// Who runs the daemon and its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Who runs the test: root, or an ordinary user, who has a single id in a lab.
    Caller,
    /// An ordinary user with a range of ids, as /etc/subuid grants one: root's tests have one made.
    UserWithIds,
}

/// The name and id of the user that is made.
const USER: (&str, u32) = ("sailor", 4242);

/// The first of the ids that it is granted.
const FIRST_ID: u32 = 900_000;

/// Who a file belongs to in a container, where it belongs to `id` on the machine.
pub fn id_inside(id: u32) -> u32 {
    match id {
        id if id == USER.1 => 0,
        id if id >= FIRST_ID => id - FIRST_ID + 1,
        id => id,
    }
}

/// A home, a runtime directory, and programs in PATH, all below the lab's own /tmp.
pub struct World {
    who: Who,
    home: PathBuf,
}

impl World {
    /// Prepares it. `coracle` is the program under test: `env!("CARGO_BIN_EXE_interop-coracle")`.
    pub fn new(who: Who, coracle: &str, docker: Option<&Docker>) -> Result<World> {
        let world = World { who, home: "/tmp/home".into() };
        for directory in ["", "bin", "run", "config"] {
            fs::create_dir_all(world.home.join(directory))?;
        }
        symlink(coracle, world.home.join("bin/coracle"))?;
        if let Some(docker) = docker {
            world.choose(docker)?;
        }
        if who == Who::UserWithIds {
            needs::root()?;
            needs::program("newuidmap")?;
            add_user()?;
            for directory in ["", "run", "config"] {
                chown(world.home.join(directory), Some(USER.1), Some(USER.1))?;
            }
        }
        Ok(world)
    }

    /// Makes this the `docker` in PATH.
    pub fn choose(&self, docker: &Docker) -> Result<()> {
        let link = self.home.join("bin/docker");
        let _ = fs::remove_file(&link);
        Ok(symlink(&docker.path, link)?)
    }

    /// Runs `docker` and gives what it said, however it ended.
    pub fn try_docker(&self, args: &[&str]) -> Result<Output> {
        let mut command = self.command("docker");
        command.args(args);
        run_to_end(command, Duration::from_secs(60))
    }

    /// Standard output of `docker`, which must not fail.
    pub fn docker(&self, args: &[&str]) -> Result<String> {
        succeeded(&format!("docker {}", args.join(" ")), self.try_docker(args)?)
    }

    /// Standard error of `docker`, which must fail.
    pub fn docker_fails(&self, args: &[&str]) -> Result<String> {
        let output = self.try_docker(args)?;
        ensure!(!output.status.success(), "docker {} succeeded: {}", args.join(" "), output.stdout);
        Ok(output.stderr)
    }

    /// A path in the home directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// A command of this user's, in the home directory and with nothing of the caller's environment.
    pub fn command(&self, program: &str) -> Command {
        let mut command = match self.who {
            Who::Caller => Command::new("env"),
            Who::UserWithIds => {
                let mut command = Command::new("setpriv");
                let id = USER.1.to_string();
                command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--inh-caps=-all", "--", "env"]);
                command
            }
        };
        let home = self.home.display();
        command.args(["-i", &format!("HOME={home}"), &format!("XDG_RUNTIME_DIR={home}/run"), "LC_ALL=C.UTF-8"]);
        command.args([
            format!("PATH={home}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            format!("DOCKER_HOST=unix://{}", self.socket().display()),
            format!("DOCKER_CONFIG={home}/config"),
            // Where the plugin is there, the client would hand `build` to it, which speaks another protocol.
            "DOCKER_BUILDKIT=0".into(),
        ]);
        command.arg(program).current_dir(&self.home).stdin(Stdio::null());
        command
    }

    /// Where the daemon listens.
    pub fn socket(&self) -> PathBuf {
        self.home.join("docker.sock")
    }

    /// Runs a line of a shell's, in a directory below home, and gives its standard output.
    pub fn shell(&self, directory: &str, line: &str) -> Result<String> {
        let mut command = self.command("sh");
        command.args(["-c", line]).current_dir(self.home.join(directory));
        succeeded(line, run_to_end(command, Duration::from_secs(120))?)
    }

    /// Copies a directory's files into a new one of this user's.
    pub fn give(&self, from: &Path, name: &str) -> Result<()> {
        let to = self.path(name);
        fs::create_dir(&to)?;
        for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
            let entry = entry?;
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
        if self.who == Who::UserWithIds {
            chown(&to, Some(USER.1), Some(USER.1))?;
        }
        Ok(())
    }

    /// Starts `coracle daemon` and waits until it answers.
    pub fn daemon(&self) -> Result<Daemon> {
        let log = File::create(self.path("daemon.log"))?;
        let mut command = self.command("coracle");
        command.args(["daemon", "-H", &format!("unix://{}", self.socket().display())]);
        let mut daemon = Daemon(command.stdout(log.try_clone()?).stderr(log).spawn()?);
        eventually("the daemon listens", || {
            if let Some(status) = daemon.0.try_wait()? {
                anyhow::bail!("the daemon ended: {status}\n{}", fs::read_to_string(self.path("daemon.log"))?);
            }
            Ok(std::os::unix::net::UnixStream::connect(self.socket()).is_ok())
        })?;
        Ok(daemon)
    }
}

/// A daemon, which ends with this value.
pub struct Daemon(Child);

impl Daemon {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Standard output of a command that must not fail.
pub fn succeeded(what: &str, output: Output) -> Result<String> {
    ensure!(output.status.success(), "{what}: {}\n{}{}", output.status, output.stdout, output.stderr);
    Ok(output.stdout.trim_end().to_string())
}

/// Makes `/etc` a copy that this lab may change. As root of a lab only.
pub fn own_etc() -> Result<()> {
    let copy = Path::new("/tmp/etc");
    fs::create_dir(copy)?;
    // What an ordinary user can't read is not needed.
    let mut command = Command::new("cp");
    command.args(["-a", "/etc/.", "/tmp/etc"]);
    run_to_end(command, Duration::from_secs(60))?;
    mount(Some(copy), "/etc", None::<&str>, MsFlags::MS_BIND, None::<&str>).context("mount over /etc")
}

/// Makes an account in this mount namespace: the machine's files with a line more, mounted over
/// them.
fn add_user() -> Result<()> {
    let (name, id) = USER;
    for (file, line) in [
        ("passwd", format!("{name}:x:{id}:{id}::/tmp/home:/bin/sh\n")),
        ("group", format!("{name}:x:{id}:\n")),
        ("subuid", format!("{name}:{FIRST_ID}:65536\n")),
        ("subgid", format!("{name}:{FIRST_ID}:65536\n")),
    ] {
        let (path, ours) = (Path::new("/etc").join(file), Path::new("/tmp").join(file));
        needs::that(path.exists(), path.display().to_string())?;
        fs::write(&ours, fs::read_to_string(&path)? + &line)?;
        mount(Some(&ours), &path, None::<&str>, MsFlags::MS_BIND, None::<&str>)
            .with_context(|| format!("mount over {}", path.display()))?;
    }
    Ok(())
}
