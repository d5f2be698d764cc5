//! The runtime, from top to bottom in the order that the kernel needs.

use std::convert::Infallible;

use anyhow::Result;

use crate::answers::hostname;
use crate::arguments::Container;

/// Makes a container around this process and becomes its command.
pub fn run(container: &Container) -> Result<Infallible> {
    // Root of a user namespace, if not root already: every other namespace asks for that. (Yours with exercise 1.3.)
    given::user_namespace()?;

    // 1.1  A hostname of its own.
    hostname::own_hostname(&container.hostname)?;

    // The command takes this process over.
    given::exec(&container.command)
}
