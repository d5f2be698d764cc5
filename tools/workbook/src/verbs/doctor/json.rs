//! The report for programs: the steps as they went, `verdict` and `advice`, the machine's facts,
//! the tools. Names in it stay as they are.

use doctor::{Advice, CgroupLayout, CgroupLimits, Check, Machine, Outcome, Report, Verdict, Who};
use nix::errno::Errno;
use serde_json::{Value, json};

use super::Tool;

pub fn json(report: &Report, tools: &[Tool]) -> Value {
    let checks = |checks: &[Check]| checks.iter().map(check).collect::<Vec<_>>();
    json!({
        "ready": report.verdict() == Verdict::Ready,
        "verdict": verdict(report.verdict()),
        "advice": advice(&report.advice()),
        "directly": report.directly.as_deref().map(checks),
        "with_user_namespace": checks(&report.with_user_namespace),
        "machine": machine(&report.machine),
        "tools": tools.iter().map(tool).collect::<Vec<_>>(),
    })
}

fn check(check: &Check) -> Value {
    let mut fields = json!({"step": check.step.id(), "name": check.name, "purpose": check.purpose});
    match check.outcome {
        Outcome::Works => fields["outcome"] = "works".into(),
        Outcome::Refused { errno } => {
            fields["outcome"] = "refused".into();
            fields["errno"] = errno_name(errno).into();
        }
        Outcome::NotReached => fields["outcome"] = "not_reached".into(),
    }
    fields
}

fn verdict(verdict: Verdict) -> Value {
    match verdict {
        Verdict::Ready => json!({"verdict": "ready"}),
        Verdict::RefusedAtClone { errno } => json!({"verdict": "refused_at_clone", "errno": errno_name(errno)}),
        Verdict::RefusedLater { step, errno } => {
            json!({"verdict": "refused_later", "step": step.id(), "errno": errno_name(errno)})
        }
    }
}

/// `EPERM`, not 1: numbers differ between architectures.
fn errno_name(errno: Errno) -> String {
    format!("{errno:?}")
}

fn advice(advice: &Advice) -> Value {
    let cures = advice.cures.iter().map(|cure| {
        let who = match cure.who {
            Who::Administrator => "administrator",
            Who::You => "you",
        };
        json!({"who": who, "command": cure.command, "what": cure.what})
    });
    json!({"cause": advice.cause, "cures": cures.collect::<Vec<_>>()})
}

fn machine(machine: &Machine) -> Value {
    let ids = machine.subordinate_ids;
    json!({
        "kernel": machine.kernel,
        "distribution": machine.distribution,
        "max_user_namespaces": machine.max_user_namespaces,
        "unprivileged_userns_clone": machine.unprivileged_userns_clone,
        "forbidden_kinds": machine.forbidden_kinds,
        "apparmor_restrict_unprivileged_userns": machine.apparmor_restrict_unprivileged_userns,
        "container": machine.container,
        "seccomp_filter": machine.seccomp_filter,
        "chroot": machine.chroot,
        "id_map_helpers": machine.id_map_helpers,
        "subordinate_ids": {"uids": ids.uids, "gids": ids.gids},
        "cgroups": match machine.cgroups {
            CgroupLayout::None => "none",
            CgroupLayout::V1 => "v1",
            CgroupLayout::V2 => "v2",
            CgroupLayout::Hybrid => "hybrid",
        },
        "limits": match machine.limits {
            CgroupLimits::Possible => "possible",
            CgroupLimits::OnlyRoot => "only_root",
            CgroupLimits::NotHandedOver => "not_handed_over",
            CgroupLimits::NoTree => "no_tree",
        },
    })
}

fn tool(tool: &Tool) -> Value {
    json!({"name": tool.name, "version": tool.version, "needed_for": tool.needed_for})
}

#[cfg(test)]
mod tests {
    use doctor::Step;

    use super::*;

    #[test]
    fn errnos_are_named_and_what_was_not_reached_has_none() {
        let step = |step: Step, outcome| Check { step, name: step.name(), purpose: step.purpose(), outcome };
        let refused = Outcome::Refused { errno: Errno::EPERM };
        let with_user_namespace =
            vec![step(Step::Clone, Outcome::Works), step(Step::UidMap, refused), step(Step::Proc, Outcome::NotReached)];
        let machine = Machine { kernel: "6.1".into(), cgroups: CgroupLayout::Hybrid, ..Machine::default() };
        let report = Report { directly: None, with_user_namespace, machine };
        let tools = [Tool { name: "mdbook", version: None, needed_for: "reading" }];
        let json = json(&report, &tools);
        let steps = &json["with_user_namespace"];
        assert_eq!(steps[0]["outcome"], "works");
        assert_eq!(
            (&steps[1]["step"], &steps[1]["outcome"], &steps[1]["errno"]),
            (&"uid_map".into(), &"refused".into(), &"EPERM".into())
        );
        assert_eq!(steps[2]["outcome"], "not_reached");
        assert!(steps[2].get("errno").is_none());
        assert_eq!(
            json["verdict"],
            serde_json::json!({"verdict": "refused_later", "step": "uid_map", "errno": "EPERM"})
        );
        assert_eq!((&json["ready"], &json["directly"]), (&false.into(), &Value::Null));
        assert!(json["advice"]["cause"].is_string() && json["advice"]["cures"][0]["who"] == "you");
        assert_eq!((&json["machine"]["cgroups"], &json["machine"]["limits"]), (&"hybrid".into(), &"no_tree".into()));
        assert_eq!(json["tools"][0]["version"], Value::Null);
    }
}
