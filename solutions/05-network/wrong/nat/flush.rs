//! diagnosis: others-removed
//! made by: guides that begin with flush ruleset.

use given::Subnet;

pub fn masquerade(subnet: Subnet, bridge: &str) -> String {
    format!(
        "flush ruleset
         table ip mydocker-{bridge} {{
             chain postrouting {{
                 type nat hook postrouting priority srcnat;
                 ip saddr {subnet} oifname != \"{bridge}\" masquerade;
             }}
         }}"
    )
}
