//! Fewer powers: what keeps root in a container from being root on the machine.
//!
//! Each piece alone is not enough. Capabilities take root's powers apart and most of them away; the
//! filter keeps the kernel's rarely used calls out of reach; masks cover files that know no
//! namespaces; another user has less still.

pub mod capabilities;
mod devices;
pub mod held;
pub mod host_config;
mod limits;
mod masks;
pub mod seccomp;
mod shared_memory;
mod sysctl;
pub mod user;

use anyhow::{Context, Result, bail};
use ch01_namespaces::{Design, Mechanism, Namespace, Namespaces, Privilege};
use clap::Args;

use crate::record::Config;
use crate::shim::ExecRequest;
use capabilities::{Capabilities, Drop};
use ch03_cgroups::device_rules::Rule;
use devices::{Device, MoreDevices};
use limits::{Limits, NoNewPrivileges, Ulimit};
use masks::Masks;
use seccomp::{Filter, Profile, filters};
use shared_memory::SharedMemory;
use sysctl::{Sysctls, sysctl};
use user::RunAs;

/// Chapter 6's own flags.
#[derive(Args, Debug, Clone, Default)]
pub struct PowerFlags {
    /// Add a capability, such as NET_ADMIN; or ALL. May be repeated.
    #[arg(long, value_name = "NAME")]
    pub cap_add: Vec<String>,
    /// Drop a capability, such as NET_RAW; or ALL. May be repeated.
    #[arg(long, value_name = "NAME")]
    pub cap_drop: Vec<String>,
    /// All capabilities, no seccomp filter, no masked paths: root inside is root outside.
    #[arg(long)]
    pub privileged: bool,
    /// no-new-privileges; seccomp=unconfined, or seccomp=FILE for a profile in Docker's JSON. May be
    /// repeated.
    #[arg(long, value_name = "OPTION")]
    pub security_opt: Vec<String>,
    /// A resource limit: NAME=SOFT[:HARD]. May be repeated.
    #[arg(long, value_name = "NAME=SOFT[:HARD]")]
    pub ulimit: Vec<Ulimit>,
    /// Set a kernel setting of the container's namespaces: NAME=VALUE. May be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = sysctl)]
    pub sysctl: Vec<(String, String)>,
    /// A supplementary group, by name or number. May be repeated.
    #[arg(long, value_name = "GROUP")]
    pub group_add: Vec<String>,
    /// Allow a device of the host: HOST, HOST:CONTAINER or HOST:CONTAINER:rwm, such as /dev/fuse. May
    /// be repeated.
    #[arg(long, value_name = "HOST[:CONTAINER[:rwm]]")]
    pub device: Vec<Device>,
    /// The size of /dev/shm [default: 64m]
    #[arg(long, value_name = "SIZE", value_parser = ch03_cgroups::units::bytes)]
    pub shm_size: Option<u64>,
    /// The PID namespace: host, or container:NAME.
    #[arg(long, value_name = "MODE")]
    pub pid: Option<String>,
    /// The IPC namespace: private, host, or container:NAME.
    #[arg(long, value_name = "MODE")]
    pub ipc: Option<String>,
    /// The UTS namespace: host.
    #[arg(long, value_name = "MODE")]
    pub uts: Option<String>,
    /// The user namespace: host, the default for root's containers.
    #[arg(long, value_name = "MODE")]
    pub userns: Option<String>,
    /// As whom it runs; set by `--user`.
    #[arg(long = "run-as", value_name = "USER[:GROUP]", hide = true)]
    pub run_as: Option<String>,
}

/// Whose namespace: what `--pid`, `--ipc` and `--uts` say.
enum Mode<'a> {
    Private,
    Host,
    Container(&'a str),
}

impl Mode<'_> {
    fn parse(text: &str) -> Result<Mode<'_>> {
        match (text, text.strip_prefix("container:")) {
            ("" | "private" | "shareable", _) => Ok(Mode::Private),
            ("host", _) => Ok(Mode::Host),
            (_, Some(name)) if !name.is_empty() => Ok(Mode::Container(name)),
            _ => bail!("invalid mode {text:?}: use host, private or container:NAME"),
        }
    }
}

/// What `--security-opt` says.
#[derive(Debug, Clone, PartialEq, Default)]
struct Security {
    no_new_privileges: bool,
    unconfined: bool,
    /// Instead of the default.
    profile: Option<Profile>,
}

impl PowerFlags {
    /// Adds the mechanisms, and the namespaces that Docker's containers have.
    pub fn plan(&self, design: &mut Design, joins: &mut Vec<ch01_namespaces::JoinRequest>) -> Result<()> {
        design.add_default_namespace(Namespace::Ipc);
        for (mode, kind) in [(&self.pid, Namespace::Pid), (&self.ipc, Namespace::Ipc), (&self.uts, Namespace::Uts)] {
            match Mode::parse(mode.as_deref().unwrap_or_default())? {
                Mode::Private => {}
                Mode::Host => design.default_namespaces = without(design.default_namespaces, kind),
                Mode::Container(name) => {
                    let join = format!("{}={name}", kind.name());
                    joins.push(join.parse().map_err(|error| anyhow::anyhow!("{error}"))?);
                }
            }
        }
        if !self.sysctl.is_empty() {
            design.add(Sysctls(self.sysctl.clone()));
        }
        if !self.privileged {
            design.add(Masks);
        }
        let user = self.run_as.clone().unwrap_or_default();
        design.mechanisms.extend(self.seal(&user, self.privileged)?);
        Ok(())
    }

    /// Whether the flags make sense, as far as that can be known without a container.
    pub fn check(&self) -> Result<()> {
        for mode in [&self.pid, &self.ipc, &self.uts].into_iter().flatten() {
            Mode::parse(mode)?;
        }
        let is_machine_root = Privilege::current().is_machine_root();
        match self.userns.as_deref() {
            None | Some("") => {}
            Some("host") if is_machine_root => {}
            Some("host") => bail!(
                "--userns host: an ordinary user's container is in a user namespace of its own\ncause: without one it \
                 could have no other namespaces (user_namespaces(7))\ncure: leave it out"
            ),
            Some(other) => bail!("invalid USER mode {other:?}: use host, or omit the flag"),
        }
        self.device.iter().try_for_each(|device| device.check(is_machine_root))?;
        self.seal("", self.privileged).map(drop)
    }

    /// The device rules that the flags ask for, and whether all other devices are denied.
    pub fn device_rules(&self) -> Result<(Vec<Rule>, bool)> {
        if self.privileged || !Privilege::current().is_machine_root() {
            return Ok((Vec::new(), false));
        }
        Ok((self.device.iter().map(Device::rule).collect::<Result<_>>()?, true))
    }

    /// What comes after chapter 2's /dev: nodes for the devices, and whoever's shared memory.
    pub fn plan_dev(&self, design: &mut Design, is_shm_a_volume: bool) -> Result<()> {
        if !is_shm_a_volume {
            match Mode::parse(self.ipc.as_deref().unwrap_or_default())? {
                Mode::Private => {}
                Mode::Host => design.add(SharedMemory::of_host()),
                Mode::Container(name) => design.add(SharedMemory::of_container(name, design)?),
            }
        }
        let may_make = Privilege::current().is_machine_root();
        let host = if self.privileged && may_make { Device::all_of_the_host() } else { Vec::new() };
        let devices = host.into_iter().chain(self.device.iter().cloned()).collect::<Vec<_>>();
        if !devices.is_empty() {
            design.add(MoreDevices::new(devices, may_make)?);
        }
        Ok(())
    }

    /// The mechanisms of one more command: the same restrictions.
    pub fn for_exec(&self, config: &Config, request: &ExecRequest) -> Result<Vec<Box<dyn Mechanism>>> {
        let user = if request.user.is_empty() { &config.user } else { &request.user };
        self.seal(user, self.privileged || request.privileged)
    }

    // ANCHOR: seal
    /// The last steps, in the order that the kernel requires. Installing a filter needs CAP_SYS_ADMIN
    /// or no_new_privs. So without no_new_privs, the filter comes before the capabilities are dropped;
    /// with no_new_privs, it comes last.
    fn seal(&self, user: &str, privileged: bool) -> Result<Vec<Box<dyn Mechanism>>> {
        let security = self.security()?;
        let keep = Capabilities::decide(&self.cap_add, &self.cap_drop, privileged)?;
        let filter = match &security.profile {
            _ if privileged || security.unconfined => None,
            Some(profile) => Some(profile.filters(keep)?),
            None => Some(filters(keep)?),
        };
        let filter = filter.map(|programs| Box::new(Filter { programs }) as Box<dyn Mechanism>);
        let mut seal: Vec<Box<dyn Mechanism>> = vec![Box::new(Limits { ulimits: self.ulimit.clone() })];
        let (first, last) = if security.no_new_privileges { (None, filter) } else { (filter, None) };
        seal.extend(first);
        // Also without `--user`, because the caller's groups (disk, docker) must be dropped. Before the
        // capabilities go: with `--cap-drop SETGID` it could not be done any more.
        seal.push(Box::new(RunAs { user: user.into(), groups: self.group_add.clone() }));
        seal.push(Box::new(Drop { keep }));
        if security.no_new_privileges {
            seal.push(Box::new(NoNewPrivileges));
        }
        seal.extend(last);
        Ok(seal)
    }
    // ANCHOR_END: seal

    fn security(&self) -> Result<Security> {
        let mut security = Security::default();
        for option in &self.security_opt {
            match option.as_str() {
                "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true" => {
                    security.no_new_privileges = true;
                }
                "no-new-privileges:false" | "no-new-privileges=false" => security.no_new_privileges = false,
                "seccomp=unconfined" | "seccomp:unconfined" => security.unconfined = true,
                "apparmor=unconfined" | "label=disable" | "label:disable" | "seccomp=builtin" => {}
                other => match other.strip_prefix("seccomp=").or_else(|| other.strip_prefix("seccomp:")) {
                    // The file's text: whoever made the request has read it, the command line or Docker's client.
                    Some(text) if text.trim_start().starts_with('{') => {
                        security.profile = Some(Profile::parse(text).context("--security-opt seccomp")?);
                    }
                    Some(file) => {
                        bail!("--security-opt seccomp={file}: the profile's text was expected, not a file's name")
                    }
                    None => bail!(
                        "--security-opt {other} is not supported: there are no-new-privileges, seccomp=unconfined and \
                         seccomp=FILE"
                    ),
                },
            }
        }
        Ok(security)
    }
}

fn without(set: Namespaces, kind: Namespace) -> Namespaces {
    set.iter().filter(|known| *known != kind).collect()
}
