//! diagnosis: only-the-last
//! made by: a program with one network, grown.

use given::Subnet;

pub fn masquerade(subnet: Subnet, bridge: &str) -> String {
    format!(
        "table ip mydocker
         delete table ip mydocker
         table ip mydocker {{
             chain postrouting {{
                 type nat hook postrouting priority srcnat;
                 ip saddr {subnet} oifname != \"{bridge}\" masquerade;
             }}
         }}"
    )
}
