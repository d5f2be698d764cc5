//! diagnosis: nft-refused
//! made by: whoever deletes a table that may not be there.

use given::Subnet;

pub fn masquerade(subnet: Subnet, bridge: &str) -> String {
    format!(
        "delete table ip mydocker-{bridge}
         table ip mydocker-{bridge} {{
             chain postrouting {{
                 type nat hook postrouting priority srcnat;
                 ip saddr {subnet} oifname != \"{bridge}\" masquerade;
             }}
         }}"
    )
}
