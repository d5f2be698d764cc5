//! diagnosis: everybody
//! made by: guides for a router at home: all that leaves.

use given::Subnet;

pub fn masquerade(_subnet: Subnet, bridge: &str) -> String {
    format!(
        "table ip mydocker-{bridge}
         delete table ip mydocker-{bridge}
         table ip mydocker-{bridge} {{
             chain postrouting {{
                 type nat hook postrouting priority srcnat;
                 oifname != \"{bridge}\" masquerade;
             }}
         }}"
    )
}
