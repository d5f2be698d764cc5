//! The verbs of this chapter.

mod network;
mod port;

pub use network::{NetworkStore, NetworkVerb};
pub use port::Port;

use ch01_namespaces::{Life, State, Store};

use crate::network::Endpoint;

/// Whether a container's link is dead: the process that kept its network was killed. Its process
/// runs on.
pub(crate) fn offline(store: &Store, state: &State) -> Option<&'static str> {
    let endpoint = Endpoint::read(&store.directory_of(state))?;
    // A new holder, if there is one, keeps other namespaces.
    let is_lost = endpoint.holder?.life() == Life::Gone;
    (is_lost && state.is_alive()).then_some("offline")
}
