//! Eyes outside: what the kernel says about processes and namespaces, read from /proc, never asked
//! of the process itself.
//!
//! All of it works as root, and as an ordinary user for that user's own processes, those in nested
//! user namespaces included. Where a process is gone, functions give an error that says so.

mod capabilities;
mod fields;
mod hostname;
mod ids;
mod limits;
mod mountinfo;
mod namespaces;
mod processes;
mod stages;

pub use capabilities::{Capabilities, capabilities};
pub use hostname::hostname_in;
pub use ids::{IdRange, gid_map, setgroups, uid_map};
pub use limits::{By, InForce, limits};
pub use mountinfo::{Mount, Propagation, mountinfo};
pub use namespaces::{namespace_inode, namespaces_differ, ns_pids};
pub use processes::{children, descendants, open_fds, process_exists, start_time};
pub use stages::{lab_init, program};

pub(crate) use capabilities::parse as parse_capabilities;
pub(crate) use hostname::{HOSTNAME_READER, read_and_exit as read_hostname_and_exit};
