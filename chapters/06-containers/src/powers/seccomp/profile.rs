//! A profile of the user's own, in Docker's JSON ("Seccomp security profiles for Docker"): the part
//! that our filters can express. For the rest an error names the field.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Op, SeccompCondition as Condition,
    SeccompFilter, SeccompRule,
};
use serde::Deserialize;

use super::names::number_of;
use crate::powers::capabilities::Capabilities;

/// The file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    default_action: String,
    default_errno_ret: Option<u32>,
    #[serde(default)]
    architectures: Vec<String>,
    #[serde(default)]
    arch_map: Vec<Architecture>,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    syscalls: Vec<Group>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Architecture {
    architecture: String,
    /// Of the same processor, with other numbers: 32-bit programs. Their calls are never allowed here.
    #[serde(default, rename = "subArchitectures")]
    _others: Option<Vec<String>>,
}

/// One action for several calls.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Group {
    #[serde(default)]
    name: String,
    #[serde(default)]
    names: Vec<String>,
    action: String,
    errno_ret: Option<u32>,
    #[serde(default)]
    args: Option<Vec<Argument>>,
    #[serde(default)]
    includes: Option<Conditions>,
    #[serde(default)]
    excludes: Option<Conditions>,
    #[serde(default, rename = "comment")]
    _comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Argument {
    index: u8,
    value: u64,
    #[serde(default)]
    value_two: u64,
    op: String,
}

/// When a group counts.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Conditions {
    #[serde(default)]
    caps: Vec<String>,
    #[serde(default)]
    arches: Vec<String>,
    min_kernel: Option<String>,
}

/// This processor, as Docker's profiles name it.
const ARCH: (&str, &str) =
    if cfg!(target_arch = "x86_64") { ("amd64", "SCMP_ARCH_X86_64") } else { ("arm64", "SCMP_ARCH_AARCH64") };

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

impl Profile {
    /// Reads one, and says what can't be expressed.
    pub fn parse(text: &str) -> Result<Profile> {
        let profile: Profile = serde_json::from_str(text).context("it is not a seccomp profile as Docker has them")?;
        profile.filters(Capabilities::ALL)?;
        profile.filters(Capabilities::default())?;
        Ok(profile)
    }

    // ANCHOR: filters
    /// The filters, for a container with these capabilities. One of ours knows two answers, for what
    /// it catches and for the rest; and of several filters the kernel takes the strictest answer. So
    /// the first gives the profile's default to every call that no rule names, and each further
    /// action has a filter that allows all other calls.
    pub fn filters(&self, capabilities: Capabilities) -> Result<Vec<BpfProgram>> {
        self.check_architecture()?;
        for (index, flag) in self.flags.iter().enumerate() {
            // We are one thread when the filter is installed: there is nobody to synchronize.
            ensure!(flag == "SECCOMP_FILTER_FLAG_TSYNC", "flags[{index}]: {flag} is not supported: omit it");
        }
        let default = action(&self.default_action, self.default_errno_ret).context("defaultAction")?;
        let mut by_action: Vec<(SeccompAction, Rules)> = Vec::new();
        for (index, group) in self.syscalls.iter().enumerate() {
            group.add(&default, capabilities, &mut by_action).with_context(|| format!("syscalls[{index}]"))?;
        }
        let arch = std::env::consts::ARCH.try_into().context("no filter is known for this processor")?;
        let mut filters = Vec::new();
        if default != SeccompAction::Allow {
            let named = by_action.iter().flat_map(|(_, rules)| rules.clone()).collect();
            filters.push(SeccompFilter::new(named, default, SeccompAction::Allow, arch)?.try_into()?);
        }
        for (action, rules) in by_action.into_iter().filter(|(action, _)| *action != SeccompAction::Allow) {
            filters.push(SeccompFilter::new(rules, SeccompAction::Allow, action, arch)?.try_into()?);
        }
        Ok(filters)
    }
    // ANCHOR_END: filters

    fn check_architecture(&self) -> Result<()> {
        let mut named = self.arch_map.iter().map(|entry| &entry.architecture).chain(&self.architectures).peekable();
        let is_for_all = named.peek().is_none();
        ensure!(
            is_for_all || named.any(|name| name == ARCH.1),
            "architectures, archMap: {} is not among them, and this machine is one",
            ARCH.1
        );
        Ok(())
    }
}

impl Group {
    fn add(
        &self,
        default: &SeccompAction,
        capabilities: Capabilities,
        by_action: &mut Vec<(SeccompAction, Rules)>,
    ) -> Result<()> {
        let action = action(&self.action, self.errno_ret).context("action")?;
        let alternatives = self.alternatives().context("args")?;
        let included =
            self.includes.as_ref().map_or(Ok(true), |when| when.all_hold(capabilities)).context("includes")?;
        let excluded =
            self.excludes.as_ref().map_or(Ok(false), |when| when.any_holds(capabilities)).context("excludes")?;
        if !included || excluded || action == *default {
            return Ok(());
        }
        let place = by_action.iter().position(|(known, _)| *known == action).unwrap_or_else(|| {
            by_action.push((action, Rules::new()));
            by_action.len() - 1
        });
        let names = self.names.iter().chain(Some(&self.name).filter(|name| !name.is_empty()));
        for name in names {
            let Some(number) = number_of(name) else { continue };
            let elsewhere =
                by_action.iter().enumerate().find(|(other, (_, rules))| *other != place && rules.contains_key(&number));
            if let Some((_, (other, _))) = elsewhere {
                bail!("names: {name} has another action in another rule ({other:?}): one action a call is supported");
            }
            let rules = by_action[place].1.entry(number);
            match rules {
                // Without a condition a rule catches every use of the call, whatever others say.
                std::collections::btree_map::Entry::Occupied(mut known) => {
                    match (known.get().is_empty(), &alternatives[..]) {
                        (true, _) => {}
                        (false, []) => known.get_mut().clear(),
                        (false, more) => known.get_mut().extend(more.iter().cloned()),
                    }
                }
                std::collections::btree_map::Entry::Vacant(free) => drop(free.insert(alternatives.clone())),
            }
        }
        Ok(())
    }

    /// Conditions on arguments: all must hold; but two on one argument are alternatives, as in runc.
    fn alternatives(&self) -> Result<Vec<SeccompRule>> {
        let args = self.args.as_deref().unwrap_or_default();
        let conditions = args.iter().map(Argument::condition).collect::<Result<Vec<_>>>()?;
        let has_twins =
            args.iter().enumerate().any(|(place, one)| args[..place].iter().any(|other| other.index == one.index));
        let rules: Vec<Vec<Condition>> = match (conditions.is_empty(), has_twins) {
            (true, _) => Vec::new(),
            (_, true) => conditions.into_iter().map(|one| vec![one]).collect(),
            _ => vec![conditions],
        };
        rules.into_iter().map(|conditions| Ok(SeccompRule::new(conditions)?)).collect()
    }
}

impl Argument {
    fn condition(&self) -> Result<Condition> {
        let (op, value) = match self.op.as_str() {
            "SCMP_CMP_EQ" => (Op::Eq, self.value),
            "SCMP_CMP_NE" => (Op::Ne, self.value),
            "SCMP_CMP_LT" => (Op::Lt, self.value),
            "SCMP_CMP_LE" => (Op::Le, self.value),
            "SCMP_CMP_GT" => (Op::Gt, self.value),
            "SCMP_CMP_GE" => (Op::Ge, self.value),
            "SCMP_CMP_MASKED_EQ" => (Op::MaskedEq(self.value), self.value_two),
            other => bail!("op: {other} is not known: there are SCMP_CMP_EQ, NE, LT, LE, GT, GE and MASKED_EQ"),
        };
        Condition::new(self.index, Length::Qword, op, value)
            .with_context(|| format!("index: a call has six arguments, 0 to 5, and this is {}", self.index))
    }
}

impl Conditions {
    fn all_hold(&self, capabilities: Capabilities) -> Result<bool> {
        let here = self.arches.is_empty() || self.arches.iter().any(|arch| arch == ARCH.0);
        Ok(self.caps.iter().all(|name| capabilities.has(name)) && here && self.kernel()?.unwrap_or(true))
    }

    fn any_holds(&self, capabilities: Capabilities) -> Result<bool> {
        let here = self.arches.iter().any(|arch| arch == ARCH.0);
        Ok(self.caps.iter().any(|name| capabilities.has(name)) || here || self.kernel()?.unwrap_or(false))
    }

    /// Whether the kernel is as new as that.
    fn kernel(&self) -> Result<Option<bool>> {
        let Some(wanted) = &self.min_kernel else { return Ok(None) };
        let ours = nix::sys::utsname::uname().context("uname")?.release().to_string_lossy().into_owned();
        let wanted = version(wanted).with_context(|| format!("minKernel: {wanted:?} is not a version such as 4.8"))?;
        Ok(version(&ours).map(|ours| ours >= wanted))
    }
}

/// `6.18.5-cloud` as two numbers.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn action(name: &str, errno: Option<u32>) -> Result<SeccompAction> {
    Ok(match name {
        "SCMP_ACT_ALLOW" => SeccompAction::Allow,
        "SCMP_ACT_ERRNO" => SeccompAction::Errno(errno.unwrap_or(libc::EPERM as u32)),
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => SeccompAction::KillThread,
        "SCMP_ACT_KILL_PROCESS" => SeccompAction::KillProcess,
        "SCMP_ACT_TRAP" => SeccompAction::Trap,
        "SCMP_ACT_LOG" => SeccompAction::Log,
        "SCMP_ACT_TRACE" => SeccompAction::Trace(errno.unwrap_or(libc::EPERM as u32)),
        "SCMP_ACT_NOTIFY" => {
            bail!("SCMP_ACT_NOTIFY is not supported: Coracle has no process that answers notifications")
        }
        other => {
            bail!("{other:?} is not known: there are SCMP_ACT_ALLOW, ERRNO, KILL, KILL_PROCESS, TRAP, LOG and TRACE")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", Profile::parse(text).unwrap_err())
    }

    #[test]
    fn what_cannot_be_expressed_is_named_by_its_field() {
        let with = |more: &str| error(&format!(r#"{{"defaultAction": "SCMP_ACT_ALLOW", {more}}}"#));
        assert!(error("no json").contains("not a seccomp profile"));
        assert!(
            error(r#"{"defaultAction": "SCMP_ACT_DANCE"}"#).contains("defaultAction: \"SCMP_ACT_DANCE\" is not known")
        );
        assert!(with(r#""listenerPath": "/run/x""#).contains("unknown field `listenerPath`"));
        assert!(with(r#""flags": ["SECCOMP_FILTER_FLAG_LOG"]"#).contains("flags[0]: SECCOMP_FILTER_FLAG_LOG"));
        assert!(with(r#""architectures": ["SCMP_ARCH_S390X"]"#).contains("architectures"));
        let rule = |rule: &str| with(&format!(r#""syscalls": [{{"names": ["read"], {rule}}}]"#));
        assert!(rule(r#""action": "SCMP_ACT_NOTIFY""#).contains("syscalls[0]: action: SCMP_ACT_NOTIFY"));
        let args = |args: &str| rule(&format!(r#""action": "SCMP_ACT_ERRNO", "args": [{args}]"#));
        assert!(args(r#"{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}"#).contains("syscalls[0]: args: index"));
        assert!(args(r#"{"index": 0, "value": 0, "op": "ODD"}"#).contains("syscalls[0]: args: op: ODD"));
        let two = r#""syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO"}, {"name": "read", "action": "SCMP_ACT_LOG"}]"#;
        assert!(with(two).contains("syscalls[1]: names: read has another action"));
    }

    #[test]
    fn unknown_calls_are_those_of_other_machines() {
        let text = r#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "archMap": [
            {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]},
            {"architecture": "SCMP_ARCH_AARCH64"}], "syscalls": [
            {"names": ["read", "s390_runtime_instr"], "action": "SCMP_ACT_ALLOW", "args": null, "comment": ""},
            {"names": ["bpf"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "excludes": {"caps": ["CAP_BPF"]}},
            {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}}]}"#;
        let profile = Profile::parse(text).unwrap();
        assert_eq!(profile.filters(Capabilities::default()).unwrap().len(), 2);
        // With the capability the rule for bpf doesn't count.
        assert_eq!(profile.filters(Capabilities::ALL).unwrap().len(), 1);
    }
}
