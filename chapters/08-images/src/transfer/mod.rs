//! Images come in, and go out.

mod authorities;
mod download;
mod import;
mod load;
mod login;
mod pull;
mod registry;
mod save;

pub use import::changes_of;
pub use import::{commit, import};
pub use load::load;
pub use login::{all as all_credentials, check as check_login, credentials, key as login_key};
pub use pull::{Credentials, Progress, pull};
pub use save::save;
