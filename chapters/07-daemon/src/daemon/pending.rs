//! Clients that attach to a container before it is started: their connections wait here until there
//! is a shim.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use ch06_containers::shim::Attach;
use tokio::sync::watch;

/// One connection.
#[derive(Debug)]
pub struct Attachment {
    /// The connection.
    pub socket: OwnedFd,
    /// What it is for, and what was read from it already.
    pub wanted: Attach,
}

/// All of them, by container.
#[derive(Debug)]
pub struct Pending {
    waiting: Mutex<HashMap<String, Vec<Attachment>>>,
    /// Connections that are being taken over from HTTP at this moment, by container.
    upgrading: watch::Sender<HashMap<String, usize>>,
}

impl Default for Pending {
    fn default() -> Pending {
        Pending { waiting: Mutex::default(), upgrading: watch::Sender::new(HashMap::new()) }
    }
}

impl Pending {
    /// A client has asked; its connection comes in a moment.
    pub fn announce(&self, id: &str) {
        self.upgrading.send_modify(|all| *all.entry(id.into()).or_default() += 1);
    }

    /// It has come, or never will.
    pub fn arrived(&self, id: &str, attachment: Option<Attachment>) {
        if let Some(attachment) = attachment {
            self.lock().entry(id.into()).or_default().push(attachment);
        }
        self.upgrading.send_modify(|all| {
            if let Some(number) = all.get_mut(id) {
                *number -= 1;
            }
            all.retain(|_, number| *number > 0);
        });
    }

    /// Waits until no connection of a container's is on its way, for a moment at most: a client sends
    /// "attach" and then "start", and must not miss the first output.
    pub async fn settle(&self, id: &str) {
        let mut upgrading = self.upgrading.subscribe();
        let settled = upgrading.wait_for(|all| !all.contains_key(id));
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), settled).await;
    }

    /// Those that wait for a container.
    pub fn take(&self, id: &str) -> Vec<Attachment> {
        self.lock().remove(id).unwrap_or_default()
    }

    /// Containers that somebody waits for.
    pub fn waited_for(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<Attachment>>> {
        self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
