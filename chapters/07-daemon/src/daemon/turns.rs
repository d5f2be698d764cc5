//! Whose turn it is to wait for a container's shim.
//!
//! Such work holds a thread of the pool for blocking calls, and the pool has 512. A shim that
//! stands still must not hold them all, however many requests come for its container: the others
//! wait here, where waiting costs no thread.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use ch06_containers::shim::{PATIENCE, silent};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How many requests may wait for one container's shim at one time. A shim that lives answers in
/// less than a millisecond.
const OF_EACH: usize = 16;

/// And for all shims together: half of the pool's threads.
const OF_ALL: usize = 256;

/// Turns by container.
#[derive(Debug)]
pub struct Turns {
    all: Arc<Semaphore>,
    each: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// Held by who waits for a shim.
#[derive(Debug)]
pub struct Turn {
    _of_each: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Default for Turns {
    fn default() -> Turns {
        Turns { all: Arc::new(Semaphore::new(OF_ALL)), each: Mutex::default() }
    }
}

impl Turns {
    // ANCHOR: take
    /// Waits for a turn, as long as one may wait for the shim itself.
    pub async fn take(&self, container: &str) -> Result<Turn> {
        let of_each = self.of(container);
        let Ok(of_each) = timeout(PATIENCE, of_each.acquire_owned()).await else { bail!(silent()) };
        // Other containers' turns end: each has its own patience.
        Ok(Turn { _of_each: of_each?, _of_all: Arc::clone(&self.all).acquire_owned().await? })
    }
    // ANCHOR_END: take

    fn of(&self, container: &str) -> Arc<Semaphore> {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        // Who holds a turn or waits for one holds the semaphore, too.
        each.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        let new = || Arc::new(Semaphore::new(OF_EACH));
        Arc::clone(each.entry(container.into()).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_counted_for_each_container_and_forgotten_afterwards() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let turns = Turns::default();
            let mut held = Vec::new();
            for _ in 0..OF_EACH {
                held.push(turns.take("a").await.unwrap());
            }
            let brief = std::time::Duration::from_millis(20);
            assert!(timeout(brief, turns.take("a")).await.is_err(), "one more than there are");
            assert!(turns.take("b").await.is_ok());
            held.pop();
            assert!(turns.take("a").await.is_ok());
            drop(held);
            turns.of("c");
            assert_eq!(turns.each.lock().unwrap().len(), 1);
        });
    }
}
