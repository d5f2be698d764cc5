//! Published ports: what somebody sends to a port of the machine's reaches one of the container's.

mod listen;
pub mod proxy;

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use listen::listen;

/// One published port (TCP).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// The machine's address; 0.0.0.0 for all.
    pub ip: Ipv4Addr,
    /// The machine's port; 0 until one is picked.
    pub host: u16,
    /// The container's.
    pub container: u16,
}

impl fmt::Display for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}->{}/tcp", self.ip, self.host, self.container)
    }
}

impl FromStr for Publish {
    type Err = String;

    /// `[[IP:]HOST:]CONTAINER[/tcp]`, as docker has it.
    fn from_str(text: &str) -> Result<Publish, String> {
        let wrong = |why: &str| format!("invalid port {text:?}: {why}, such as 8080:80 or 127.0.0.1:8080:80");
        let ports = match text.split_once('/') {
            None => text,
            Some((ports, "tcp")) => ports,
            Some((_, other)) => {
                return Err(wrong(&format!("only TCP ports can be published, not {other}; use HOST:CONTAINER")));
            }
        };
        let port = |text: &str| match text.parse::<u16>() {
            Ok(port) => Ok(port),
            Err(_) if text.contains('-') => Err(wrong("ranges of ports are not supported; use one -p for each")),
            Err(_) => Err(wrong("use numbers up to 65535")),
        };
        let parts: Vec<&str> = ports.rsplitn(3, ':').collect();
        let container = port(parts[0])?;
        if container == 0 {
            return Err(wrong("a container's port can't be 0"));
        }
        let host = parts.get(1).map_or(Ok(0), |text| if text.is_empty() { Ok(0) } else { port(text) })?;
        let ip = match parts.get(2) {
            None => Ipv4Addr::UNSPECIFIED,
            Some(text) => text.parse().map_err(|_| wrong("the address must be one of IPv4"))?,
        };
        Ok(Publish { ip, host, container })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_docker_reads_them() {
        let read = |text: &str| text.parse::<Publish>().unwrap().to_string();
        assert_eq!(read("8080:80"), "0.0.0.0:8080->80/tcp");
        assert_eq!(read("80"), "0.0.0.0:0->80/tcp");
        assert_eq!(read("127.0.0.1:8080:80/tcp"), "127.0.0.1:8080->80/tcp");
        assert_eq!(read("127.0.0.1::80"), "127.0.0.1:0->80/tcp");
    }

    #[test]
    fn what_is_no_port_is_refused_with_an_example() {
        for bad in ["", "a:b", "8080:0", "70000:80", "8000-8010:80", "53:53/udp", "::1:80:80"] {
            let error = bad.parse::<Publish>().unwrap_err();
            assert!(error.contains("such as 8080:80"), "{bad}: {error}");
        }
    }
}
