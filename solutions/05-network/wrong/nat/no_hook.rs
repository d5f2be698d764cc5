//! diagnosis: no-answer
//! made by: a chain without a hook: nobody comes by.

use given::Subnet;

pub fn masquerade(subnet: Subnet, bridge: &str) -> String {
    format!(
        "table ip mydocker-{bridge}
         delete table ip mydocker-{bridge}
         table ip mydocker-{bridge} {{
             chain postrouting {{
                 ip saddr {subnet} oifname != \"{bridge}\" counter;
             }}
         }}"
    )
}
