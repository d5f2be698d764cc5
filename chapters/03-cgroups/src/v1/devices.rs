//! `devices` on v1: Documentation/admin-guide/cgroup-v1/devices.rst.

use crate::device_rules::DEFAULT;
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
    let allowed = DEFAULT.iter().chain(more).map(|rule| Setting::new("--device-cgroup-rule", ALLOW, rule));
    [Setting::new("--device-cgroup-rule", DENY, "a")].into_iter().chain(allowed).collect()
}
// ANCHOR_END: settings
