//! Descriptors for deep directories.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// While it lives, as many files may be open as the hard limit allows: a layer is walked from descriptor to descriptor, one or
/// more for each level, and a name has up to 2048 levels. A container must not inherit that: select(2) counts to 1024.
pub struct ManyOpenFiles {
    before: Option<(rlim_t, rlim_t)>,
}

impl ManyOpenFiles {
    /// Begins it. Where the limit can't be raised, a deep directory gets EMFILE.
    pub fn allow() -> ManyOpenFiles {
        let before = getrlimit(Resource::RLIMIT_NOFILE).ok();
        let raised = before.filter(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, *hard, *hard).is_ok());
        ManyOpenFiles { before: raised }
    }
}

impl Drop for ManyOpenFiles {
    fn drop(&mut self) {
        if let Some((soft, hard)) = self.before {
            let _ = setrlimit(Resource::RLIMIT_NOFILE, soft, hard);
        }
    }
}
