//! diagnosis: piles-up
//! made by: the table as `nft list` shows it, copied.

use given::Subnet;

pub fn masquerade(subnet: Subnet, bridge: &str) -> String {
    format!(
        "table ip mydocker-{bridge} {{
             chain postrouting {{
                 type nat hook postrouting priority srcnat;
                 ip saddr {subnet} oifname != \"{bridge}\" masquerade;
             }}
         }}"
    )
}
