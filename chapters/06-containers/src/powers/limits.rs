//! Small restrictions: resource limits of processes, no_new_privs, a keyring of its own.

use anyhow::{Context, Result, bail};
use ch01_namespaces::explain::note;
use ch01_namespaces::{Handover, Inside, Mechanism, Stage};
use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};

use crate::{steps, sys};

/// `--ulimit NAME=SOFT[:HARD]`: getrlimit(2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ulimit {
    name: String,
    soft: u64,
    hard: u64,
}

fn resource(name: &str) -> Option<Resource> {
    Some(match name {
        "core" => Resource::RLIMIT_CORE,
        "cpu" => Resource::RLIMIT_CPU,
        "data" => Resource::RLIMIT_DATA,
        "fsize" => Resource::RLIMIT_FSIZE,
        "locks" => Resource::RLIMIT_LOCKS,
        "memlock" => Resource::RLIMIT_MEMLOCK,
        "msgqueue" => Resource::RLIMIT_MSGQUEUE,
        "nice" => Resource::RLIMIT_NICE,
        "nofile" => Resource::RLIMIT_NOFILE,
        "nproc" => Resource::RLIMIT_NPROC,
        "rss" => Resource::RLIMIT_RSS,
        "rtprio" => Resource::RLIMIT_RTPRIO,
        "rttime" => Resource::RLIMIT_RTTIME,
        "sigpending" => Resource::RLIMIT_SIGPENDING,
        "stack" => Resource::RLIMIT_STACK,
        _ => return None,
    })
}

impl std::str::FromStr for Ulimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Ulimit, String> {
        let wrong =
            || format!("invalid limit {text:?}: use NAME=SOFT[:HARD], such as nofile=1024:2048 (-1 is no limit)");
        let (name, values) = text.split_once('=').ok_or_else(wrong)?;
        if resource(name).is_none() {
            return Err(format!("invalid limit {text:?}: there is no limit {name} (see getrlimit(2), such as nofile)"));
        }
        let value = |text: &str| match text {
            "-1" | "unlimited" => Ok(u64::MAX),
            number => number.parse().map_err(|_| wrong()),
        };
        let (soft, hard) = values.split_once(':').unwrap_or((values, values));
        let (soft, hard) = (value(soft)?, value(hard)?);
        if soft > hard {
            return Err(format!("invalid limit {text:?}: the soft limit is above the hard one"));
        }
        Ok(Ulimit { name: name.into(), soft, hard })
    }
}

/// What is done at the end, while we may.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Resource limits.
    pub ulimits: Vec<Ulimit>,
}

/// Else keys of the host's session could be used inside: session-keyring(7).
fn new_session_keyring() -> Result<()> {
    match sys::new_session_keyring() {
        // A kernel without keys; or a filter around us, which also keeps everybody inside from them.
        Ok(()) | Err(Errno::ENOSYS | Errno::EPERM) => Ok(()),
        Err(Errno::EDQUOT) => bail!(
            "keyctl: cannot make a session keyring for the container\ncause: this user has as many keys as they may\n\
             cure: end other containers, or sysctl kernel.keys.maxkeys=2000; /proc/key-users shows how many there are"
        ),
        Err(errno) => Err(errno).context("keyctl: cannot make a session keyring for the container"),
    }
}

impl Mechanism for Limits {
    fn name(&self) -> &'static str {
        "ulimits"
    }

    fn stage(&self) -> Stage {
        Stage::Seal
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        new_session_keyring()?;
        for Ulimit { name, soft, hard } in &self.ulimits {
            let resource = resource(name).context("an unknown limit")?;
            setrlimit(resource, *soft, *hard).with_context(|| {
                format!(
                    "setrlimit: cannot set {name} to {soft}:{hard}\ncause: it is above our own hard limit, which only \
                     root of the machine may raise\ncure: a lower one; ulimit -a shows ours"
                )
            })?;
        }
        Ok(())
    }
}

/// No program that is executed gains anything: set-user-ID bits and file capabilities mean nothing.
/// prctl(2)
#[derive(Debug, Clone, Default)]
pub struct NoNewPrivileges;

impl Mechanism for NoNewPrivileges {
    fn name(&self) -> &'static str {
        "no_new_privs"
    }

    fn stage(&self) -> Stage {
        Stage::Seal
    }

    fn enter(&self, _: Handover, _: &mut Inside) -> Result<()> {
        nix::sys::prctl::set_no_new_privs().context("prctl: PR_SET_NO_NEW_PRIVS")?;
        note(&steps::NO_NEW_PRIVILEGES, "prctl", || vec!["PR_SET_NO_NEW_PRIVS".into()]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_docker_reads_them() {
        let limit: Ulimit = "nofile=1024:2048".parse().unwrap();
        assert_eq!((limit.soft, limit.hard), (1024, 2048));
        assert_eq!("core=-1".parse::<Ulimit>().unwrap().hard, u64::MAX);
        for bad in ["nofile", "nofile=x", "files=1", "nofile=2:1"] {
            assert!(bad.parse::<Ulimit>().is_err(), "{bad}");
        }
    }
}
