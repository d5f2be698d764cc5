//! The steps that every container of an ordinary user takes, in the kernel's order.

use std::fmt;

use nix::errno::Errno;

/// One step of making a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// clone(2) into new namespaces
    Clone,
    /// write `deny` to /proc/PID/setgroups
    Setgroups,
    /// write /proc/PID/uid_map
    UidMap,
    /// write /proc/PID/gid_map
    GidMap,
    /// sethostname(2)
    Hostname,
    /// mount(2) with MS_REC|MS_PRIVATE on /
    Propagation,
    /// mount(2) of a new proc file system
    Proc,
}

impl Step {
    /// With a user namespace: what an ordinary user has to do, and what root may.
    pub(crate) const WITH_USER_NAMESPACE: [Step; 7] =
        [Step::Clone, Step::Setgroups, Step::UidMap, Step::GidMap, Step::Hostname, Step::Propagation, Step::Proc];

    /// Without one: root alone.
    pub(crate) const DIRECTLY: [Step; 4] = [Step::Clone, Step::Hostname, Step::Propagation, Step::Proc];

    /// A word for programs.
    pub fn id(self) -> &'static str {
        match self {
            Step::Clone => "clone",
            Step::Setgroups => "setgroups",
            Step::UidMap => "uid_map",
            Step::GidMap => "gid_map",
            Step::Hostname => "hostname",
            Step::Propagation => "propagation",
            Step::Proc => "proc",
        }
    }

    /// The step of which `id` is the word.
    pub fn from_id(id: &str) -> Option<Step> {
        Step::WITH_USER_NAMESPACE.into_iter().find(|step| step.id() == id)
    }

    /// What is done, in the kernel's terms.
    pub fn name(self) -> &'static str {
        match self {
            Step::Clone => "clone into new namespaces",
            Step::Setgroups => "write setgroups",
            Step::UidMap => "write uid_map",
            Step::GidMap => "write gid_map",
            Step::Hostname => "sethostname",
            Step::Propagation => "make mounts private",
            Step::Proc => "mount a new /proc",
        }
    }

    /// What a container needs it for.
    pub fn purpose(self) -> &'static str {
        match self {
            Step::Clone => "to see users, mounts, processes of its own",
            Step::Setgroups => "denied, before an ordinary user may map a group",
            Step::UidMap => "to be root inside and oneself outside",
            Step::GidMap => "the same for the group",
            Step::Hostname => "a host name of the container's own",
            Step::Propagation => "the container's mounts stay off the machine",
            Step::Proc => "ps in the container shows its own processes",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A step, and what the kernel said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub step: Step,
    pub name: &'static str,
    pub purpose: &'static str,
    pub outcome: Outcome,
}

/// What the kernel said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Works,
    Refused {
        errno: Errno,
    },
    /// An earlier step was refused.
    NotReached,
}

/// Pairs the steps with the answers that came before the first refusal.
pub(crate) fn checks(steps: &[Step], answers: &[i32]) -> Vec<Check> {
    let outcome = |place: usize| match answers.get(place) {
        Some(0) => Outcome::Works,
        Some(&errno) => Outcome::Refused { errno: Errno::from_raw(errno) },
        None => Outcome::NotReached,
    };
    let check = |(place, &step): (usize, &Step)| Check {
        step,
        name: step.name(),
        purpose: step.purpose(),
        outcome: outcome(place),
    };
    steps.iter().enumerate().map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_a_refusal_was_not_reached() {
        let found = checks(&Step::DIRECTLY, &[0, libc::EPERM]);
        let outcomes: Vec<Outcome> = found.iter().map(|check| check.outcome).collect();
        let refused = Outcome::Refused { errno: Errno::EPERM };
        assert_eq!(outcomes, [Outcome::Works, refused, Outcome::NotReached, Outcome::NotReached]);
    }

    #[test]
    fn a_child_that_dies_silently_has_reached_nothing_more() {
        assert!(checks(&Step::DIRECTLY, &[0]).iter().skip(1).all(|check| check.outcome == Outcome::NotReached));
    }
}
