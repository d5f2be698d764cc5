//! The program around an answer to exercise 5.3b. `cargo wb check 5.3b` builds it and runs it in
//! the lab.

use std::fs::{self, File};
use std::io::{PipeReader, Read, Write, pipe};
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Error, Result, anyhow, bail};
use given::{Subnet, checked};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid};

include!(concat!(env!("OUT_DIR"), "/lease.rs"));

/// Arguments: a directory for leases; the subnet's network and its prefix; what the containers'
/// names begin with; and what happens. `sequence`: four containers one after the other, the second
/// one is killed, and there is a fifth. `full`: as many as there is room for, and one more.
/// `crowd`: many at once. `missing`: the directory isn't there.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut subnet = Subnet { network: Ipv4Addr::UNSPECIFIED, prefix: 24 };
    checked::ready(|| {
        let [leases, network, prefix, _, case] = &arguments[..] else { bail!("five arguments") };
        subnet = Subnet { network: network.parse()?, prefix: prefix.parse()? };
        if case == "missing" {
            Ok(())
        } else {
            prepare(Path::new(leases), subnet, if case == "crowd" { 400 } else { 1 })
        }
    });
    let start = |number: u32| Container::start(Path::new(&arguments[0]), subnet, &format!("{}-{number}", arguments[3]));
    checked::returned(match arguments[4].as_str() {
        "sequence" => sequence(start),
        "crowd" => crowd(start),
        "missing" => start(1).and_then(Container::begin).map(drop),
        _ => (1..=subnet.size() - 2).try_for_each(|number| start(number)?.begin().map(drop)),
    })
}

/// The directory, with leases of containers that have ended.
fn prepare(leases: &Path, subnet: Subnet, ended: u32) -> Result<()> {
    fs::create_dir_all(leases).context("making a directory for leases")?;
    File::create(leases.join(".lock")).context("making its lock")?;
    for number in 0..ended {
        let address = subnet.address(2 + number % (subnet.size() - 3));
        fs::write(leases.join(format!("ended-{number}")), address.to_string()).context("making an old lease")?;
    }
    Ok(())
}

fn sequence(start: impl Fn(u32) -> Result<Container>) -> Result<()> {
    start(1)?.begin()?;
    let second = start(2)?.begin()?;
    start(3)?.begin()?;
    start(4)?.begin()?;
    kill(second, Signal::SIGKILL).context("killing a container")?;
    given::wait(second)?;
    start(5)?.begin().map(drop)
}

fn crowd(start: impl Fn(u32) -> Result<Container>) -> Result<()> {
    let mut containers = (1..=12).map(start).collect::<Result<Vec<_>>>()?;
    containers.iter_mut().try_for_each(Container::say_begin)?;
    containers.into_iter().try_for_each(|container| container.wait_until_it_runs().map(drop))
}

/// A process that takes a lease when it is told to, is called as its address then, and stays.
struct Container {
    process: Pid,
    tells: std::io::PipeWriter,
    hears: PipeReader,
}

impl Container {
    fn start(leases: &Path, subnet: Subnet, name: &str) -> Result<Container> {
        let (mut child_hears, tells) = pipe()?;
        let (hears, mut child_tells) = pipe()?;
        match given::fork()? {
            ForkResult::Parent { child } => Ok(Container { process: child, tells, hears }),
            ForkResult::Child => {
                drop((tells, hears));
                if child_hears.read_exact(&mut [0]).is_err() {
                    given::exit(0);
                }
                let said = match answers::lease::lease(leases, subnet, name) {
                    Ok(address) => {
                        checked::call_myself(&address.to_string());
                        "ok".to_string()
                    }
                    Err(error) => error.chain().map(ToString::to_string).collect::<Vec<_>>().join("\u{1e}"),
                };
                let _ = child_tells.write_all(said.as_bytes());
                drop(child_tells);
                loop {
                    nix::unistd::pause();
                }
            }
        }
    }

    fn begin(mut self) -> Result<Pid> {
        self.say_begin()?;
        self.wait_until_it_runs()
    }

    fn say_begin(&mut self) -> Result<()> {
        self.tells.write_all(b"!").context("a container is to begin")
    }

    fn wait_until_it_runs(mut self) -> Result<Pid> {
        let mut said = String::new();
        self.hears.read_to_string(&mut said).context("waiting for a container")?;
        match said.as_str() {
            "ok" => Ok(self.process),
            "" => given::exit(given::wait(self.process)?),
            words => {
                let mut words = words.rsplit('\u{1e}');
                let first = anyhow!(words.next().unwrap_or_default().to_string());
                Err(words.fold(first, |error: Error, word| error.context(word.to_string())))
            }
        }
    }
}
