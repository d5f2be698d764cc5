//! The program around an answer to exercise 5.5. `cargo wb check 5.5` builds it and runs it in the
//! lab.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};

use anyhow::{Context, bail};
use given::checked;

include!(concat!(env!("OUT_DIR"), "/publish.rs"));

/// Arguments: the port that is published, and the container's. Both are the lab's own here.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut listener, mut container) = (None, SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    checked::ready(|| {
        let [published, port] = &arguments[..] else { bail!("two arguments") };
        container.set_port(port.parse()?);
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, published.parse()?);
        listener = Some(TcpListener::bind(address).with_context(|| format!("listening on {address}"))?);
        Ok(())
    });
    let result = listener.context("no listener").and_then(|listener| answers::publish::publish(&listener, container));
    checked::returned(result)
}
