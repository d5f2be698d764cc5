//! The machine's side of published ports. It is taken before anything is made, and before the lab
//! is entered, where there are other ports.

use std::net::{SocketAddrV4, TcpListener};

use anyhow::{Result, anyhow, ensure};
use nix::errno::Errno;

use crate::arguments::Container;

/// A listener for each port: new ones, or those that came with us into the lab.
pub fn listeners(container: &Container) -> Result<Vec<TcpListener>> {
    if !container.in_lab {
        return container.ports.iter().map(|port| listen(port.machine)).collect();
    }
    ensure!(container.listeners.len() == container.ports.len(), "the lab's mydocker needs a listener for each port");
    container.listeners.iter().map(|number| given::left_open(*number)).collect()
}

fn listen(address: SocketAddrV4) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
        let (cause, cure) = match errno {
            Errno::EADDRINUSE => ("another program or container listens there", "choose another port, or end it"),
            Errno::EACCES => ("ports below 1024 are root's", "choose a higher one"),
            Errno::EADDRNOTAVAIL => ("this machine has no such address", "leave the address out, or see: ip address"),
            _ => ("see bind(2)", "choose another port"),
        };
        anyhow!("cannot publish {address}: bind: {errno:?} ({})\ncause: {cause}\ncure: {cure}", errno.desc())
    })
}
