//! diagnosis: on-the-bridge
//! made by: guides without a bridge: all that comes from the subnet.

use given::Subnet;

pub fn masquerade(subnet: Subnet, bridge: &str) -> String {
    format!(
        "table ip mydocker-{bridge}
         delete table ip mydocker-{bridge}
         table ip mydocker-{bridge} {{
             chain postrouting {{
                 type nat hook postrouting priority srcnat;
                 ip saddr {subnet} masquerade;
             }}
         }}"
    )
}
