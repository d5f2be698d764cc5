//! Images come in, and go out.

mod authorities;
mod import;
mod load;
mod pull;
mod registry;
mod save;

pub use import::changes_of;
pub use import::{commit, import};
pub use load::load;
pub use pull::{Credentials, Progress, pull};
pub use save::save;
