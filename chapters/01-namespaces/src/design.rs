//! A container as its flags describe it.

use std::ffi::OsString;

use anyhow::Result;

use crate::container::Spec;
use crate::flags::StoreFlags;
use crate::mechanism::Mechanism;
use crate::namespaces::{Namespace, Namespaces};
use crate::store::Store;

/// What the flags of all chapters have decided so far.
///
/// The flags of a chapter contain those of the chapter before. They decide their own part first,
/// and then pass the design on to the chapter before, which finds its defaults replaced. That is
/// how a later chapter brings another root file system, or one more namespace, without a change in
/// the chapter that had the default.
pub struct Design<'a> {
    /// What to run.
    pub spec: Spec,
    /// The namespaces that are new, unless the user lists others.
    pub default_namespaces: Namespaces,
    /// The mechanism that provides the root file system. `None` is the default of the chapter: in
    /// chapter 1 the host's own root, from chapter 2 on this machine's programs in a root of the
    /// container's own.
    pub root: Option<Box<dyn Mechanism>>,
    /// The mechanisms, in the order in which the chapters added them.
    pub mechanisms: Vec<Box<dyn Mechanism>>,
    store: &'a StoreFlags,
}

impl<'a> Design<'a> {
    /// Before any chapter has decided anything: the caller's environment, and chapter 1's default
    /// namespaces.
    pub fn new(store: &'a StoreFlags, command: Vec<OsString>, foreground: bool) -> Design<'a> {
        Design {
            spec: Spec { command, env: std::env::vars_os().collect(), foreground, ..Spec::default() },
            default_namespaces: Namespaces::default_for_caller(),
            root: None,
            mechanisms: Vec::new(),
            store,
        }
    }

    /// The store. Opened only where it is needed: for a container to join.
    pub fn store(&self) -> Result<Store> {
        self.store.open()
    }

    /// Where containers are kept, as the command line says.
    pub fn store_flags(&self) -> &'a StoreFlags {
        self.store
    }

    /// Adds a mechanism.
    pub fn add(&mut self, mechanism: impl Mechanism + 'static) {
        self.mechanisms.push(Box::new(mechanism));
    }

    /// Adds a namespace to those that are new by default.
    pub fn add_default_namespace(&mut self, kind: Namespace) {
        self.default_namespaces.add(kind);
    }
}
