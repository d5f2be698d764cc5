//! What `run` takes.

use std::ffi::OsString;
use std::path::PathBuf;

use super::values::{bytes, duration, network, number, numbers, port, storage, volume};
use super::{Asked, Container, IN_BACKGROUND, IN_LAB, Network, Words, is_cluster};

pub fn run(mut arguments: Words<impl Iterator<Item = OsString>>) -> Result<Asked, String> {
    let mut container = Container::default();
    let mut asked_network = None;
    while let Some(option) = arguments.next_if(|word| word.as_encoded_bytes().starts_with(b"-")) {
        let option = option.to_str().ok_or_else(|| format!("there is no option {}", option.display()))?;
        let (name, attached) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let mut value = |what: &str| match attached {
            Some(value) => Ok(value.to_string()),
            None => {
                let next = arguments.next().ok_or(format!("{name} needs {what}"))?;
                next.into_string().map_err(|_| format!("{name} needs {what} in UTF-8"))
            }
        };
        match name {
            "--name" => container.name = value("a name")?,
            "--hostname" => container.hostname = value("a name")?,
            "--boottime" => container.boot_clock = Some(duration(&value("a time, as 1d")?)?),
            "--cpus" => container.cpus = Some(number(name, &value("a number, as 0.5")?)?),
            "--memory" | "-m" => container.memory = Some(bytes(&value("a size, as 64m")?)?),
            "--pids" | "--pids-limit" => container.pids = Some(number(name, &value("a number, as 20")?)?),
            "-w" | "--workdir" => container.directory = PathBuf::from(value("a directory, as /srv")?),
            "--security-opt" => match value("no-new-privileges")?.as_str() {
                "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true" => {
                    container.no_new_privileges = true;
                }
                other => return Err(format!("there is no security option \"{other}\", only no-new-privileges")),
            },
            "-v" | "--volume" => container.volumes.push(volume(&value("SRC:DST or SRC:DST:ro")?)?),
            "--image" => container.image = Some(value("an image's name")?),
            "--storage" => container.storage = storage(&value("overlay or vfs")?)?,
            "--network" | "--net" => asked_network = Some(network(&value("none, bridge or host")?)?),
            "-p" | "--publish" => container.ports.push(port(&value("HOST:CONTAINER, as 8080:80")?)?),
            IN_LAB => {
                (container.lab, container.in_lab) = (false, true);
                container.listeners = attached.map_or(Ok(Vec::new()), numbers)?;
            }
            _ if attached.is_some() => return Err(format!("there is no option {option}")),
            "--help" | "-h" => return Ok(Asked::Help),
            "--init" => container.init = true,
            "--privileged" => container.privileged = true,
            _ if is_cluster(name, "itd") => {
                container.terminal |= name.contains('t');
                container.detached |= name.contains('d');
            }
            "--detach" => container.detached = true,
            IN_BACKGROUND => container.in_background = true,
            "--no-lab" => container.lab = false,
            "--" => break,
            _ => return Err(format!("there is no option {option}")),
        }
    }
    container.network = match asked_network {
        None if container.ports.is_empty() => Network::None,
        None | Some(Network::Bridge) => Network::Bridge,
        Some(network) if container.ports.is_empty() => network,
        Some(_) => return Err("ports are published by a bridge: leave -p out, or --network".into()),
    };
    if container.init && container.no_new_privileges {
        return Err("with no-new-privileges the command is the child of a PID 1 already: leave --init out".into());
    }
    if container.detached && container.terminal {
        return Err("a container in the background has no terminal: leave -t out; exec -it gives one".into());
    }
    container.command = arguments.collect();
    if container.command.is_empty() && container.image.is_none() {
        Err("run needs a command: mydocker run sh".into())
    } else {
        Ok(Asked::Run(container))
    }
}
