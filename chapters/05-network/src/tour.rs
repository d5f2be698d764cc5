//! The tour: a container that has a network of its own, seen from inside and from outside.

use anyhow::Result;
use ch01_namespaces::narration::TourFlags;
use ch01_namespaces::{StoreFlags, say};

use crate::commands::Commands;

/// Shows it.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let narration = flags.begin();
    let commands = Commands::new(store, &["rm", "-f"]);
    let name = commands.container.clone();
    narration.title("Chapter 5: the network")?;
    say!("A new network namespace has only a loopback interface. A container also gets a");
    say!("veth pair: one end is in the container, the other end is on a bridge.");
    narration.pause()?;

    narration.title("One container")?;
    commands.output(&["create", "--name", &name, "hostbox", "sleep", "60"])?;
    commands.output(&["start", &name])?;
    say!("The container's interfaces, and its /etc/hosts:");
    say!("");
    commands.show(&["enter", &name, "--", "cat", "/proc/net/dev"])?;
    commands.show(&["enter", &name, "--", "cat", "/etc/hosts"])?;
    narration.pause()?;

    narration.title("The networks")?;
    commands.show(&["network", "ls"])?;
    say!("");
    say!("With --network none, it has only the loopback interface:");
    say!("");
    commands.show(&["run", "--network", "none", "hostbox", "cat", "/proc/net/dev"])?;
    narration.pause()?;

    narration.title("Your turn")?;
    say!("  cargo run -p ch05-network -- network create front");
    say!("  cargo run -p ch05-network -- run --network front hostbox sh");
    say!("  cargo run -p ch05-network -- run --help          published ports, names");
    Ok(0)
}
