//! Exit statuses of containers that were started here. A container that is removed when it ends
//! takes its record along, and who waits for it may ask a moment later.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;

/// So many are remembered; then all are forgotten, and only who waited for a removed container
/// would notice.
const MOST: usize = 4096;

/// Statuses by container.
#[derive(Debug)]
pub struct Exits(watch::Sender<HashMap<String, u8>>);

impl Default for Exits {
    fn default() -> Exits {
        Exits(watch::Sender::new(HashMap::new()))
    }
}

impl Exits {
    /// A container has ended.
    pub fn note(&self, id: &str, code: u8) {
        self.0.send_modify(|all| {
            if all.len() >= MOST {
                all.clear();
            }
            all.insert(id.into(), code);
        });
    }

    /// It begins another life.
    pub fn forget(&self, id: &str) {
        self.0.send_modify(|all| {
            all.remove(id);
        });
    }

    /// The status of one that is gone; it may be known a moment later.
    pub async fn of_gone(&self, id: &str) -> u8 {
        let mut all = self.0.subscribe();
        let known = tokio::time::timeout(Duration::from_secs(2), all.wait_for(|all| all.contains_key(id))).await;
        match known {
            Ok(Ok(all)) => all.get(id).copied().unwrap_or_default(),
            _ => 0,
        }
    }
}
