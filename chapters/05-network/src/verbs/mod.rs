//! The verbs of this chapter.

mod network;
mod port;

pub use network::{NetworkStore, NetworkVerb};
pub use port::Port;

use ch01_namespaces::{State, Store};

use crate::network::Endpoint;

/// Whether a container's link is dead: the process that kept its network was killed. Its process
/// runs on.
pub(crate) fn offline(store: &Store, state: &State) -> Option<&'static str> {
    let endpoint = Endpoint::read(&store.directory_of(state))?;
    let is_lost = endpoint.rootless && !crate::rootless::holder_is_alive(store.root());
    (is_lost && state.is_alive()).then_some("offline")
}
