//! diagnosis: no-answer
//! made by: whoever takes the bridge for the way out.

use given::Subnet;

pub fn masquerade(subnet: Subnet, bridge: &str) -> String {
    format!(
        "table ip mydocker-{bridge}
         delete table ip mydocker-{bridge}
         table ip mydocker-{bridge} {{
             chain postrouting {{
                 type nat hook postrouting priority srcnat;
                 ip saddr {subnet} oifname \"{bridge}\" masquerade;
             }}
         }}"
    )
}
