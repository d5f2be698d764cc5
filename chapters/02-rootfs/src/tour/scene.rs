//! What the tour plays on: a root file system with this program in it, and files of the host's
//! outside of it.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{
    ContainerFlags, Design, NamespaceFlags, Store, StoreFlags, run_to_the_end, this_program, tour_ends_early,
};

use super::View;
use crate::hostbox::{self, Made};

pub(super) struct Scene<'a> {
    directory: Directory,
    store: &'a StoreFlags,
    me: PathBuf,
    pub made: Made,
    /// A file that the host doesn't have yet.
    pub note: PathBuf,
}

impl Scene<'_> {
    pub fn set(store: &StoreFlags) -> Result<Scene<'_>> {
        let directory = Directory::new()?;
        let me = std::env::current_exe().context("cannot find this program's own file")?;
        let programs = ["sh", "mkdir"].map(String::from).into_iter().chain([me.display().to_string()]);
        let made = hostbox::create(&directory.root(), &programs.collect::<Vec<_>>())?;
        fs::write(directory.sentinel(), "a file of the host's was read: it got out\n")?;
        let note = directory.0.join("note");
        Ok(Scene { directory, store, me, made, note })
    }

    /// What this program sees when it is inside.
    pub fn view(&self) -> Result<View> {
        let output = self.run(&[], &[&self.me.display().to_string(), "show-root"])?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(tour_ends_early(output.status, &message)?.into());
        }
        serde_json::from_slice(&output.stdout).context("what the container saw can't be read")
    }

    /// Chapter 1's container: its mechanisms, and none of this chapter's.
    pub fn write_in_a_mount_namespace_alone(&self) -> Result<()> {
        let store = Store::open(&self.directory.0.join("store"))?;
        let command = ["sh", "-c", &self.writing()].map(Into::into).to_vec();
        let mut design = Design::new(self.store, command, false);
        NamespaceFlags::default().plan(&mut design)?;
        match run_to_the_end(&store, design.spec, design.mechanisms)? {
            0 => Ok(()),
            code => bail!("the write ended with {code}"),
        }
    }

    pub fn write_in_a_root_of_its_own(&self) -> Result<()> {
        let output =
            self.run(&[], &["sh", "-c", &format!("mkdir -p {}; {}", self.directory.0.display(), self.writing())])?;
        if !output.status.success() {
            bail!("the write ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// The same file, as the host finds it: in the root's directory.
    pub fn note_in_the_root(&self) -> Result<PathBuf> {
        Ok(self.directory.root().join(self.note.strip_prefix("/").context("a path without a root")?))
    }

    /// Tries the escape, and says how it went.
    pub fn escape(&self, flags: &[&str]) -> Result<String> {
        let sentinel = self.directory.sentinel().display().to_string();
        let output = self.run(flags, &[&self.me.display().to_string(), "escape", &sentinel])?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_string());
        }
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = stderr.lines().map(str::trim).map(|line| line.trim_start_matches("ch02-rootfs: "));
        Ok(said.collect::<Vec<_>>().join(": "))
    }

    fn writing(&self) -> String {
        format!("echo hello >{}", self.note.display())
    }

    /// Our own `run`: the tour shows what everybody can do.
    fn run(&self, flags: &[&str], command: &[&str]) -> Result<Output> {
        this_program()?
            .args(self.store.as_args())
            .args(["run", "--rootfs"])
            .arg(self.directory.root())
            .args(flags)
            .arg("--")
            .args(command)
            .stdin(Stdio::null())
            .output()
            .context("cannot start this program again")
    }
}

/// A directory for the length of the tour.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Result<Directory> {
        let path = std::env::temp_dir().join(format!("coracle-tour-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Directory(path))
    }

    fn root(&self) -> PathBuf {
        self.0.join("box")
    }

    fn sentinel(&self) -> PathBuf {
        self.0.join("secret")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // No container is left whose mounts could be in it, and links are not followed.
        let _ = fs::remove_dir_all(&self.0);
    }
}
