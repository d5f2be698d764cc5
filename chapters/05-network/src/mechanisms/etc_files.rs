//! /etc/hosts, /etc/hostname and /etc/resolv.conf: files of the container's state directory, bound
//! into its root.

use std::fs::{self, File};
use std::io::Read;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ch01_namespaces::{Handover, Inside, Mechanism, Plan, Stage, Undo};
use ch02_rootfs::mechanisms::Mounts;
use ch02_rootfs::mounts::{Mount, What};

use crate::names::{
    EXTRA_HOSTS, ExtraHost, HOSTS, Hosts, machines_hosts, machines_resolv_conf, names_of, refresh, resolv_conf,
};
use crate::network::{Endpoint, Networks};
use crate::steps;

/// The three files.
pub struct EtcFiles {
    /// The host name.
    pub hostname: String,
    /// Servers that were asked for.
    pub dns: Vec<IpAddr>,
    /// Hosts that were asked for.
    pub extra: Vec<ExtraHost>,
    /// Networks, on which others have to learn of this container.
    pub networks: Networks,
    /// The state directory of another container whose files these are.
    pub shared_with: Option<PathBuf>,
    /// Whether they are copies of the machine's, whose network the container uses.
    pub are_the_machines: bool,
    mounts: Option<Mounts>,
}

impl EtcFiles {
    /// Of a container of its own.
    pub fn new(hostname: String, dns: Vec<IpAddr>, extra: Vec<ExtraHost>, networks: Networks) -> EtcFiles {
        EtcFiles { hostname, dns, extra, networks, shared_with: None, are_the_machines: false, mounts: None }
    }
}

const HOSTNAME: &str = "hostname";
const RESOLV_CONF: &str = "resolv.conf";

const FILES: [(&str, &str); 3] =
    [(HOSTS, "/etc/hosts"), (HOSTNAME, "/etc/hostname"), (RESOLV_CONF, "/etc/resolv.conf")];

impl Mechanism for EtcFiles {
    fn name(&self) -> &'static str {
        "names"
    }

    fn stage(&self) -> Stage {
        Stage::Mounts
    }

    fn prepare(&mut self, plan: &mut Plan) -> Result<()> {
        let own = plan.directory().to_path_buf();
        let directory = match &self.shared_with {
            Some(other) => other.clone(),
            None => {
                self.write(plan)?;
                own
            }
        };
        let mount = |(file, target): (&str, &str)| Mount {
            what: What::Bind { source: directory.join(file) },
            target: target.into(),
            attributes: 0,
        };
        let there = FILES.into_iter().filter(|(file, _)| directory.join(file).exists());
        self.mounts = Some(Mounts::further(&steps::NAMES, there.map(mount).collect()));
        Ok(())
    }

    fn enter(&self, from_host: Handover, inside: &mut Inside) -> Result<()> {
        self.mounts.as_ref().context("internal error: the name files are missing")?.enter(from_host, inside)
    }
}

impl EtcFiles {
    fn write(&self, plan: &Plan) -> Result<()> {
        let directory = plan.directory();
        let endpoint = Endpoint::read(directory);
        let (hosts, resolv_conf) = self.hosts_and_servers(endpoint.as_ref());
        let texts = [
            (HOSTS, hosts),
            (HOSTNAME, format!("{}\n", self.hostname)),
            (RESOLV_CONF, resolv_conf),
            (EXTRA_HOSTS, serde_json::to_string(&self.extra)?),
        ];
        for (name, text) in texts {
            let file = directory.join(name);
            plan.undo_later(Undo::RemoveFile(file.clone()))?;
            fs::write(&file, text)
                .and_then(|()| fs::set_permissions(&file, fs::Permissions::from_mode(0o644)))
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        endpoint.map_or(Ok(()), |endpoint| refresh(&self.networks, &endpoint.network))
    }

    fn hosts_and_servers(&self, endpoint: Option<&Endpoint>) -> (String, String) {
        if self.are_the_machines {
            return (machines_hosts(&self.extra), machines_resolv_conf(&self.dns));
        }
        let own = endpoint.map(|endpoint| (endpoint.address, names_of(endpoint)));
        let hosts = Hosts { own, extra: self.extra.clone(), others: Vec::new() };
        (hosts.text(), resolv_conf(&self.dns, endpoint.is_some()))
    }

    /// The host name of a container, given its state directory. The container may have written to the
    /// file: what is there is a name, or nothing.
    pub fn hostname_in(state_directory: &Path) -> Option<String> {
        let mut text = String::new();
        File::open(state_directory.join(HOSTNAME)).ok()?.take(64).read_to_string(&mut text).ok()?;
        let name = text.trim_end();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic());
        is_name.then(|| name.into())
    }
}
