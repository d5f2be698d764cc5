//! `devices` on v1: Documentation/admin-guide/cgroup-v1/devices.rst.

use crate::device_rules::{DEFAULT, Kind, Rule};
use crate::limits::Limits;
use crate::setting::Setting;

/// Takes away; `a` is everything.
pub const DENY: &str = "devices.deny";
/// Gives back, one rule a write.
pub const ALLOW: &str = "devices.allow";

// ANCHOR: settings
/// The writes: everything is denied, then what is allowed is given back.
pub fn settings(limits: &Limits) -> Vec<Setting> {
    let Some(more) = &limits.devices else { return Vec::new() };
    let allowed = DEFAULT.iter().chain(more).flat_map(each_kind);
    let allowed = allowed.map(|rule| Setting::new("--device-cgroup-rule", ALLOW, rule));
    [Setting::new("--device-cgroup-rule", DENY, "a")].into_iter().chain(allowed).collect()
}

/// These files take an `a` for every device and every use, whatever stands after it: `a 8:0 r` is
/// said in two lines.
fn each_kind(rule: &Rule) -> Vec<Rule> {
    match rule.kind {
        Kind::All => [Kind::Block, Kind::Character].map(|kind| Rule { kind, ..*rule }).to_vec(),
        Kind::Block | Kind::Character => vec![*rule],
    }
}
// ANCHOR_END: settings

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_for_both_kinds_never_reaches_the_kernel_as_everything() {
        let limits = Limits { devices: Some(vec!["a 8:0 r".parse().unwrap()]), ..Limits::default() };
        let written: Vec<String> = settings(&limits).into_iter().map(|setting| setting.value).collect();
        assert_eq!(written[0], "a");
        assert!(written[1..].iter().all(|rule| !rule.starts_with('a')), "{written:?}");
        assert!(written.ends_with(&["b 8:0 r".into(), "c 8:0 r".into()]), "{written:?}");
    }
}
