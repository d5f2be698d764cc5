//! Descriptors for deep directories.

use std::sync::Mutex;

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// While it lives, as many files may be open as the hard limit allows: a layer is walked from
/// descriptor to descriptor, one or more for each level, and a path has up to 2048 levels. A
/// container must not inherit that: select(2) counts to 1024.
pub struct ManyOpenFiles(());

/// How many there are (a daemon has threads), and the limit before the first.
static ALLOWED: Mutex<(usize, Option<(rlim_t, rlim_t)>)> = Mutex::new((0, None));

impl ManyOpenFiles {
    /// Begins it. Where the limit can't be raised, a deep directory gets EMFILE.
    pub fn allow() -> ManyOpenFiles {
        let mut allowed = ALLOWED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if allowed.0 == 0 {
            let before = getrlimit(Resource::RLIMIT_NOFILE).ok();
            allowed.1 = before.filter(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, *hard, *hard).is_ok());
        }
        allowed.0 += 1;
        ManyOpenFiles(())
    }
}

impl Drop for ManyOpenFiles {
    fn drop(&mut self) {
        let mut allowed = ALLOWED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        allowed.0 -= 1;
        if allowed.0 == 0
            && let Some((soft, hard)) = allowed.1.take()
        {
            let _ = setrlimit(Resource::RLIMIT_NOFILE, soft, hard);
        }
    }
}
