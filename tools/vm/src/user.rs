//! Who runs the command in the guest.

use std::ffi::OsString;
use std::str::FromStr;

/// An ordinary user, by numbers: the guest has the machine's own /etc/passwd, and needs no entry in
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

impl User {
    /// The words before a command that make it this user's.
    pub(crate) fn become_it(self) -> Vec<OsString> {
        let (uid, gid) = (self.uid.to_string(), self.gid.to_string());
        ["setpriv", "--reuid", &uid, "--regid", &gid, "--clear-groups", "--"].map(Into::into).to_vec()
    }
}

impl FromStr for User {
    type Err = String;

    /// `1000:100`, or `1000` for both.
    fn from_str(text: &str) -> Result<User, String> {
        let number = |text: &str| {
            text.parse().map_err(|_| format!("{text:?} is no number of a user or a group; `id` says yours"))
        };
        let (uid, gid) = text.split_once(':').unwrap_or((text, text));
        Ok(User { uid: number(uid)?, gid: number(gid)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_one_number_or_two() {
        assert_eq!("1000".parse(), Ok(User { uid: 1000, gid: 1000 }));
        assert_eq!("1000:100".parse(), Ok(User { uid: 1000, gid: 100 }));
        for wrong in ["", "me", "1000:", ":1", "-1"] {
            assert!(wrong.parse::<User>().is_err(), "{wrong}");
        }
    }
}
