//! What options take.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::RawFd;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use super::{Network, Port, Storage, Volume};

/// `SRC:DST`, `SRC:DST:ro`, `SRC:DST:rw`.
pub fn volume(text: &str) -> Result<Volume, String> {
    let (source, target, read_only) = match text.split(':').collect::<Vec<_>>()[..] {
        [source, target] | [source, target, "rw"] => (source, target, false),
        [source, target, "ro"] => (source, target, true),
        _ => return Err(format!("\"{text}\" is no volume: SRC:DST, or SRC:DST:ro")),
    };
    if !source.contains('/') {
        return Err(format!("\"{source}\" would be a named volume in Docker: ./{source} is a directory"));
    }
    if !target.starts_with('/') || Path::new(target).file_name().is_none() {
        return Err(format!("\"{target}\" is no place in the container: an absolute path, as /data"));
    }
    Ok(Volume { source: source.into(), target: target.into(), read_only })
}

pub fn storage(text: &str) -> Result<Storage, String> {
    match text {
        "overlay" | "overlay2" => Ok(Storage::Overlay),
        "vfs" => Ok(Storage::Vfs),
        _ => Err(format!("there is no storage driver \"{text}\", only overlay and vfs")),
    }
}

pub fn network(text: &str) -> Result<Network, String> {
    match text {
        "none" => Ok(Network::None),
        "bridge" => Ok(Network::Bridge),
        "host" => Ok(Network::Host),
        _ => Err(format!("there is no network \"{text}\", only none, bridge and host")),
    }
}

/// `8080:80`, `127.0.0.1:8080:80`, with `/tcp` or without.
pub fn port(text: &str) -> Result<Port, String> {
    let wrong = |why: &str| format!("\"{text}\" is no port to publish: {why}, as 8080:80 or 127.0.0.1:8080:80");
    let ports = match text.split_once('/') {
        None => text,
        Some((ports, "tcp")) => ports,
        Some((_, other)) => return Err(wrong(&format!("mydocker has TCP only, not {other}"))),
    };
    let number = |text: &str| match text.parse::<u16>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(wrong("a port is a number from 1 to 65535, one for each -p")),
    };
    let (address, host, container) = match ports.split(':').collect::<Vec<_>>()[..] {
        [host, container] => (Ipv4Addr::UNSPECIFIED, host, container),
        [address, host, container] => {
            (address.parse().map_err(|_| wrong("the address is one of IPv4"))?, host, container)
        }
        _ => return Err(wrong("HOST:CONTAINER")),
    };
    Ok(Port { machine: SocketAddrV4::new(address, number(host)?), container: number(container)? })
}

/// `3,5`, or nothing: mydocker's own, of descriptors.
pub fn numbers(text: &str) -> Result<Vec<RawFd>, String> {
    text.split_terminator(',').map(|word| number("descriptor", word)).collect()
}

/// What the option is about is said by its name.
pub fn number<N: FromStr>(option: &str, text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{option} {text}: that is no number for it"))
}

/// `1048576`, `64m`, `1g`, with units of 1024 as Docker has them.
pub fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is no size: 1048576, 512k, 64m, 1g");
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(wrong)
}

/// `90`, `90s`, `+15m`, `2h`, `1d`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no time: 90, 90s, 15m, 2h, 1d");
    let digits = text.strip_prefix('+').unwrap_or(text);
    let (number, unit) = digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}
