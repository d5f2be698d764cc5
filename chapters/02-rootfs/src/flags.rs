//! Flags for the root file system, and the mechanisms they ask for.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ch01_namespaces::{ContainerFlags, Design, Namespace, NamespaceFlags, Namespaces};
use clap::Args;

use crate::mechanisms::{Chroot, Devices, GivenRoot, Mounts, PivotRoot, ReadOnlyRoot, ScratchRoot, WorkingDirectory};
use crate::mounts::Mount;
use crate::{powers, volume};

/// Chapter 2's own flags.
#[derive(Args, Debug, Clone, Default)]
pub struct RootFlags {
    /// The directory with the root file system [default: a root file system in memory with this
    /// machine's programs, removed with the container].
    #[arg(long, value_name = "DIR")]
    pub rootfs: Option<PathBuf>,
    /// Mount a directory or file of the host: SOURCE:TARGET; with :ro read-only. May be repeated.
    #[arg(short = 'v', long = "volume", value_name = "SOURCE:TARGET[:OPTIONS]", value_parser = volume::from_v)]
    pub volumes: Vec<Mount>,
    /// The same with named fields: type=bind,source=PATH,target=PATH,readonly or
    /// type=tmpfs,target=PATH,tmpfs-size=64m.
    #[arg(long = "mount", value_name = "FIELDS", value_parser = volume::from_mount)]
    pub mounts: Vec<Mount>,
    /// Mount an empty file system in memory: TARGET, or TARGET:size=64m,mode=1777,exec,ro.
    #[arg(long = "tmpfs", value_name = "TARGET[:OPTIONS]", value_parser = volume::from_tmpfs)]
    pub tmpfs: Vec<Mount>,
    /// Make the root file system read-only, but not volumes and tmpfs.
    #[arg(long)]
    pub read_only: bool,
    /// Change the root with chroot instead of pivot_root. This isn't safe: the command can leave it
    /// (2.3 shows how).
    #[arg(long)]
    pub chroot: bool,
    /// The working directory of the command. It is made if it doesn't exist.
    #[arg(short = 'w', long = "workdir", value_name = "DIR", default_value = "/")]
    pub workdir: PathBuf,
    /// Set an environment variable: NAME=VALUE, or NAME for the value of your variable. May be
    /// repeated.
    #[arg(short = 'e', long = "env", value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,
    /// Set environment variables from a file with a NAME=VALUE or a NAME in each line. A # begins a
    /// comment.
    #[arg(long = "env-file", value_name = "FILE")]
    pub env_file: Vec<PathBuf>,
    /// The size of /dev/shm in bytes, unless it is the default (chapter 6).
    #[arg(skip)]
    pub shm_size: Option<u64>,
}

/// The flags of chapters 1 and 2.
#[derive(Args, Debug, Clone, Default)]
#[group(skip)] // clap would name it Flags, like that of other chapters
pub struct Flags {
    /// Chapter 1's.
    #[command(flatten)]
    pub namespaces: NamespaceFlags,
    /// Chapter 2's own.
    #[command(flatten)]
    pub root: RootFlags,
}

impl ContainerFlags for Flags {
    fn plan(self, design: &mut Design) -> Result<()> {
        self.namespaces.plan_namespaces(design)?;
        let made = self.namespaces.made(design.default_namespaces);
        if !made.has(Namespace::Mount) {
            bail!(
                "a root file system needs a new mount namespace, or its mounts would be the host's: add mount to --namespaces"
            );
        }
        // What is joined belongs to its maker: to a user namespace that is new, it is as foreign as the
        // host's.
        let own = if made.has(Namespace::User) { made } else { self.namespaces.own(design.default_namespaces) };
        let privileged = !own.has(Namespace::User) && powers::over_the_machine();
        self.root.plan(design, own, privileged)?;
        design.spec.env = self.root.environment(self.namespaces.hostname.as_deref())?;
        Ok(())
    }
}

impl RootFlags {
    fn plan(&self, design: &mut Design, own: Namespaces, privileged: bool) -> Result<()> {
        let root = match (&self.rootfs, design.root.take()) {
            (Some(directory), _) => Box::new(GivenRoot::new(directory)?),
            (None, Some(root)) => root,
            (None, None) => Box::new(ScratchRoot::of_this_machine()?),
        };
        design.mechanisms.push(root);
        design.add(Mounts::needed(own, privileged, self.shm_size));
        design.add(Devices::new(privileged));
        let volumes = self.volumes()?;
        if !volumes.is_empty() {
            design.add(Mounts::volumes(volumes));
        }
        design.mechanisms.push(if self.chroot { Box::new(Chroot) } else { Box::new(PivotRoot) });
        design.add(WorkingDirectory::new(&self.workdir)?);
        if self.read_only {
            design.add(ReadOnlyRoot);
        }
        Ok(())
    }

    /// Whether the user has something of their own mounted there.
    pub fn has_volume(&self, target: &Path) -> bool {
        [&self.volumes, &self.mounts, &self.tmpfs].into_iter().flatten().any(|mount| mount.target == target)
    }

    fn volumes(&self) -> Result<Vec<Mount>> {
        let volumes: Vec<Mount> = [&self.volumes, &self.mounts, &self.tmpfs].into_iter().flatten().cloned().collect();
        for (index, volume) in volumes.iter().enumerate() {
            if volumes[..index].iter().any(|other| other.target == volume.target) {
                bail!("two mounts on {}: the second would hide the first", volume.target.display());
            }
        }
        Ok(volumes)
    }

    /// The container's environment: Docker's few variables, then the files', then the flags'.
    pub fn environment(&self, hostname: Option<&str>) -> Result<Vec<(OsString, OsString)>> {
        let mut env: Vec<(OsString, OsString)> = vec![
            ("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()),
            ("HOME".into(), "/root".into()),
        ];
        if let Some(name) = hostname {
            env.push(("HOSTNAME".into(), name.into()));
        }
        env.extend(std::env::var_os("TERM").map(|term| ("TERM".into(), term)));
        let mut set = |entry: &str| {
            let (name, value) = match entry.split_once('=') {
                Some((name, value)) => (name, Some(OsString::from(value))),
                None => (entry, std::env::var_os(entry)),
            };
            if name.is_empty() {
                bail!("{entry:?} has no name: write NAME=VALUE");
            }
            env.retain(|(known, _)| known != name);
            env.extend(value.map(|value| (name.into(), value)));
            Ok(())
        };
        for file in &self.env_file {
            let text =
                fs::read_to_string(file).with_context(|| format!("cannot read the variables in {}", file.display()))?;
            let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            lines.into_iter().try_for_each(&mut set).with_context(|| format!("in {}", file.display()))?;
        }
        self.env.iter().try_for_each(|entry| set(entry))?;
        Ok(env)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ch01_namespaces::StoreFlags;

    fn variables(flags: &RootFlags) -> Vec<(String, String)> {
        let env = flags.environment(Some("boat")).unwrap();
        let text = |part: OsString| part.to_string_lossy().into_owned();
        env.into_iter().map(|(name, value)| (text(name), text(value))).filter(|(name, _)| name != "TERM").collect()
    }

    #[test]
    fn the_callers_environment_stays_outside() {
        let names: Vec<_> = variables(&RootFlags::default()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["PATH", "HOME", "HOSTNAME"]);
    }

    #[test]
    fn a_flag_wins_over_a_file_and_a_file_over_the_default() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("env");
        fs::write(&file, "# comment\nHOME=/file\nA=file\n").unwrap();
        let flags = RootFlags { env_file: vec![file], env: vec!["A=flag=x".into()], ..Default::default() };
        let variables = variables(&flags);
        assert!(variables.contains(&("HOME".into(), "/file".into())));
        assert!(variables.contains(&("A".into(), "flag=x".into())));
    }

    #[test]
    fn one_target_takes_one_mount() {
        let (volume, tmpfs) = (volume::from_v("/srv:/data").unwrap(), volume::from_tmpfs("/data/").unwrap());
        let flags = RootFlags { volumes: vec![volume], tmpfs: vec![tmpfs], ..Default::default() };
        assert!(flags.volumes().unwrap_err().to_string().contains("two mounts on /data"));
    }

    #[test]
    fn without_a_mount_namespace_there_is_no_root() {
        let namespaces = NamespaceFlags { namespaces: Some("pid".parse().unwrap()), ..Default::default() };
        let flags = Flags { namespaces, root: RootFlags::default() };
        let error = flags.plan(&mut Design::new(&StoreFlags::default(), vec![], true)).err().unwrap();
        assert!(error.to_string().contains("add mount"));
    }
}
