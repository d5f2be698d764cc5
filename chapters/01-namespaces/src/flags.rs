//! Flags, and the mechanisms they ask for. Later chapters flatten these structs into their own
//! `run`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::command_line::ContainerFlags;
use crate::data_root;
use crate::design::Design;
use crate::explain::{self, Format};
use crate::mapping::Request;
use crate::mechanisms::{
    CgroupNamespace, FreshNamespace, JoinNamespace, PrivateMounts, Proc, SharedTerminal, TimeNamespace, UserNamespace,
    UtsNamespace,
};
use crate::namespaces::{Namespace, Namespaces};
use crate::offset::Offset;
use crate::store::Store;
use crate::target::JoinRequest;

/// Where containers are kept.
#[derive(Args, Debug, Clone, Default)]
pub struct StoreFlags {
    /// Store the state of containers in this directory [default: /run/coracle for root; for others
    /// $XDG_RUNTIME_DIR/coracle, or coracle-UID in the directory for temporary files].
    #[arg(long, global = true, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Store data that survives a reboot in this directory.
    #[arg(long = "data-root", global = true, value_name = "DIR", hide = true)]
    data_given: Option<PathBuf>,
    /// Decided once: who we are decides on it, and a later chapter's `run` may go into a user
    /// namespace, where we are root.
    #[arg(skip)]
    state: OnceLock<PathBuf>,
    #[arg(skip)]
    data: OnceLock<PathBuf>,
}

impl StoreFlags {
    /// As with `--root DIR`.
    pub fn with_root(root: PathBuf) -> StoreFlags {
        StoreFlags { root: Some(root), ..StoreFlags::default() }
    }

    /// The same, for another process of ours.
    pub fn as_args(&self) -> Vec<OsString> {
        self.root.iter().flat_map(|root| ["--root".into(), root.into()]).collect()
    }

    /// The same with the directories as they were decided: for a process that may be another user by
    /// then.
    pub fn as_args_with_roots(&self) -> Vec<OsString> {
        let default = || ["--root".into(), self.state_root().into(), "--data-root".into(), self.data_root().into()];
        if self.root.is_some() && self.data_given.is_none() { self.as_args() } else { default().into() }
    }

    /// Where containers' states are.
    pub fn state_root(&self) -> &Path {
        self.state.get_or_init(|| self.root.clone().unwrap_or_else(Store::default_root))
    }

    /// The directory for what outlives a boot: layers and images, from chapter 4 on.
    pub fn data_root(&self) -> &Path {
        self.data.get_or_init(|| {
            let beside = || self.root.as_ref().map_or_else(data_root::default_data, |root| root.join("data"));
            self.data_given.clone().unwrap_or_else(beside)
        })
    }

    /// Opens the store.
    pub fn open(&self) -> Result<Store> {
        Store::open(self.state_root())
    }
}

/// Flags of every chapter's `run`.
#[derive(Args, Debug, Clone, Default)]
pub struct RunFlags {
    /// A name for the container, besides its id.
    #[arg(long)]
    pub name: Option<String>,
    /// Whether it is told.
    #[command(flatten)]
    pub explain: ExplainFlag,
    /// Run an init as the first process and the command as its child. The init reaps orphans and
    /// forwards signals.
    #[arg(long)]
    pub init: bool,
}

/// Whether steps are narrated.
#[derive(Args, Debug, Clone, Default)]
pub struct ExplainFlag {
    /// Print each call to the kernel on stderr, with its reason; with =json as one object per line:
    /// lane, call, args, errno, why, shell, book.
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub explain: Option<ExplainFormat>,
}

impl ExplainFlag {
    /// Begins the narration, if it was asked for.
    pub fn begin(&self) {
        match self.explain {
            Some(ExplainFormat::Text) => explain::narrate_on_stderr(Format::Text),
            Some(ExplainFormat::Json) => explain::narrate_on_stderr(Format::Json),
            None => {}
        }
    }
}

/// See [`ExplainFlag::explain`].
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ExplainFormat {
    /// A column for each process: host and container, and from chapter 6 on the shim.
    Text,
    /// One JSON object per line.
    Json,
}

/// Chapter 1's own flags.
#[derive(Args, Debug, Clone, Default)]
pub struct NamespaceFlags {
    /// Which namespaces are new: a list of cgroup, ipc, mount, net, pid, time, user, uts; or all, or
    /// none. The others are shared with the host [default: mount,pid,uts, and for an ordinary user also
    /// user].
    #[arg(long, value_name = "LIST")]
    pub namespaces: Option<Namespaces>,
    /// The container's host name. Needs a new uts namespace.
    #[arg(long, value_name = "NAME")]
    pub hostname: Option<String>,
    /// The container's NIS domain name. Needs a new uts namespace.
    #[arg(long, value_name = "NAME")]
    pub domainname: Option<String>,
    /// Join an existing namespace: KIND=PID, KIND=CONTAINER or KIND=/PATH. May be repeated.
    #[arg(long, value_name = "KIND=WHOSE")]
    pub join: Vec<JoinRequest>,
    /// Map only one id: root in the container is you on the host. (By default, the ids that
    /// /etc/subuid and /etc/subgid grant you are also mapped, if newuidmap is installed.)
    #[arg(long, conflicts_with = "map_user")]
    pub map_root: bool,
    /// Map only one id: UID, or UID:GID, in the container is you on the host.
    #[arg(long, value_name = "UID[:GID]", value_parser = uid_and_gid)]
    pub map_user: Option<(u32, u32)>,
    /// Move the container's boot clock, which `uptime` shows: +1d, -2h, 90s. Needs a new time
    /// namespace.
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub boottime: Option<Offset>,
    /// Move the container's monotonic clock in the same way.
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub monotonic: Option<Offset>,
}

impl ContainerFlags for NamespaceFlags {
    /// The namespaces, and a /proc to match.
    fn plan(self, design: &mut Design) -> Result<()> {
        self.plan_namespaces(design)?;
        // With the mount table shared, a new /proc would be everybody's.
        if self.made(design.default_namespaces).has(Namespace::Mount)
            && self.own(design.default_namespaces).has(Namespace::Pid)
        {
            design.add(Proc);
        }
        Ok(())
    }
}

impl NamespaceFlags {
    /// The namespaces that are made: those that the user lists, or else the default. What is joined is
    /// not made.
    pub fn made(&self, default: Namespaces) -> Namespaces {
        self.namespaces.unwrap_or(default).iter().filter(|kind| !self.joins(*kind)).collect()
    }

    fn joins(&self, kind: Namespace) -> bool {
        self.join.iter().any(|request| request.kind() == kind)
    }

    /// The namespaces that the container doesn't share with the caller: those that are made, and those
    /// that are joined.
    pub fn own(&self, default: Namespaces) -> Namespaces {
        self.join.iter().map(JoinRequest::kind).fold(self.made(default), Namespaces::with)
    }

    /// The namespaces alone, for chapters that mount a /proc of their own.
    pub fn plan_namespaces(&self, design: &mut Design) -> Result<()> {
        let made = self.made(design.default_namespaces);
        self.check(made)?;
        for request in &self.join {
            let namespace = request.open(|| design.store())?;
            design.add(JoinNamespace::new(request.kind(), namespace));
        }
        for kind in made.iter() {
            design.mechanisms.push(match kind {
                Namespace::Cgroup => Box::new(CgroupNamespace),
                Namespace::Ipc => Box::new(FreshNamespace::ipc()),
                Namespace::Mount => Box::new(PrivateMounts),
                Namespace::Net => Box::new(FreshNamespace::net()),
                Namespace::Pid => Box::new(FreshNamespace::pid()),
                Namespace::Time => {
                    let seconds = |offset: Option<Offset>| offset.map_or(0, |offset| offset.seconds);
                    Box::new(TimeNamespace { boottime: seconds(self.boottime), monotonic: seconds(self.monotonic) })
                }
                Namespace::User => Box::new(UserNamespace { ids: self.ids() }),
                Namespace::Uts => {
                    Box::new(UtsNamespace { hostname: self.hostname.clone(), domainname: self.domainname.clone() })
                }
            });
        }
        design.add(SharedTerminal::default());
        Ok(())
    }

    fn ids(&self) -> Request {
        match self.map_user {
            Some((uid, gid)) => Request::OnlyMe { uid, gid },
            None if self.map_root => Request::OnlyMe { uid: 0, gid: 0 },
            None => Request::Most,
        }
    }

    /// Flags that would change the host, or nothing, are mistakes.
    fn check(&self, set: Namespaces) -> Result<()> {
        let asked = |flag: bool, kind: Namespace, name: &str, otherwise: &str| {
            if flag && !set.has(kind) {
                bail!("{name} needs a new {kind} namespace, or it would {otherwise}: add {kind} to --namespaces");
            }
            Ok(())
        };
        asked(self.hostname.is_some(), Namespace::Uts, "--hostname", "rename the host")?;
        asked(self.domainname.is_some(), Namespace::Uts, "--domainname", "rename the host's domain")?;
        asked(self.boottime.is_some(), Namespace::Time, "--boottime", "do nothing")?;
        asked(self.monotonic.is_some(), Namespace::Time, "--monotonic", "do nothing")?;
        asked(self.map_root, Namespace::User, "--map-root", "do nothing")?;
        asked(self.map_user.is_some(), Namespace::User, "--map-user", "do nothing")?;
        let mut joined = Namespaces::none();
        for request in &self.join {
            if joined.has(request.kind()) {
                bail!("two --join for one {} namespace: a process is in one of each kind", request.kind());
            }
            joined.add(request.kind());
        }
        Ok(())
    }
}

/// `1000` or `1000:100`.
fn uid_and_gid(text: &str) -> Result<(u32, u32), String> {
    let number = |text: &str| {
        text.parse()
            .ok()
            .filter(|id| *id != u32::MAX)
            .ok_or_else(|| format!("{text:?} is no id: a number from 0 to 4294967294, or two as UID:GID"))
    };
    match text.split_once(':') {
        Some((uid, gid)) => Ok((number(uid)?, number(gid)?)),
        None => number(text).map(|id| (id, id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(list: &str) -> NamespaceFlags {
        NamespaceFlags { namespaces: Some(list.parse().unwrap()), ..Default::default() }
    }

    fn mechanisms(flags: NamespaceFlags) -> Result<Vec<&'static str>> {
        let store = StoreFlags::default();
        let mut design = Design::new(&store, vec![], true);
        flags.plan(&mut design)?;
        Ok(design.mechanisms.iter().map(|mechanism| mechanism.name()).collect())
    }

    #[test]
    fn a_hostname_without_a_uts_namespace_is_refused() {
        let flags = NamespaceFlags { hostname: Some("boat".into()), ..flags("pid") };
        assert!(mechanisms(flags).unwrap_err().to_string().contains("rename the host"));
    }

    #[test]
    fn proc_comes_with_pid_and_mount_together_only() {
        assert_eq!(mechanisms(flags("mount,pid")).unwrap(), ["mount", "pid", "terminal", "proc"]);
        assert_eq!(mechanisms(flags("pid")).unwrap(), ["pid", "terminal"]);
    }

    #[test]
    fn what_is_joined_is_not_made() {
        let join = vec![format!("uts={}", std::process::id()).parse().unwrap()];
        let flags = NamespaceFlags { join, ..flags("ipc,uts") };
        assert_eq!(flags.made(Namespaces::none()).to_string(), "ipc");
        assert_eq!(mechanisms(flags).unwrap(), ["uts", "ipc", "terminal"]);
    }

    #[test]
    fn one_kind_can_be_joined_once() {
        let join = ["net=1", "net=2"].map(|text| text.parse().unwrap()).to_vec();
        assert!(mechanisms(NamespaceFlags { join, ..flags("none") }).unwrap_err().to_string().contains("two --join"));
    }

    #[test]
    fn an_id_may_come_with_a_group() {
        assert_eq!(uid_and_gid("7").unwrap(), (7, 7));
        assert_eq!(uid_and_gid("7:8").unwrap(), (7, 8));
        assert!(uid_and_gid("root").is_err());
    }
}
