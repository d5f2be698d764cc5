//! The mechanisms of chapter 1, one file each.

mod cgroup;
mod fresh;
mod join;
mod mount;
mod proc;
mod terminal;
mod time;
mod user;
mod uts;

pub use cgroup::CgroupNamespace;
pub use fresh::FreshNamespace;
pub use join::JoinNamespace;
pub use mount::PrivateMounts;
pub use proc::Proc;
pub use terminal::SharedTerminal;
pub use time::TimeNamespace;
pub use user::UserNamespace;
pub(crate) use user::write_id_maps;
pub use uts::UtsNamespace;
