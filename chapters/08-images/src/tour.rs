//! The tour: an image is built, and taken apart.

use anyhow::{Context, Result};
use ch01_namespaces::narration::{TourFlags, fitted};
use ch01_namespaces::{StoreFlags, say};
use ch05_network::Commands;

use crate::layout::ImageStore;

const DOCKERFILE: &str = "FROM hostbox\nWORKDIR /srv\nRUN echo made by a step >page\nCMD [\"cat\", \"page\"]\n";

/// Shows it.
pub fn tour(flags: &TourFlags, store: &StoreFlags) -> Result<u8> {
    let narration = flags.begin();
    let image = format!("tour:{}", std::process::id());
    let commands = Commands::new(store, &["rmi", "-f"]);
    narration.title("Chapter 8: images")?;
    say!("An image is a list of layers and a configuration, which names the command. Each");
    say!("of them is a file that is named by its digest.");
    narration.pause()?;

    narration.title("A build")?;
    let context = tempfile::tempdir().context("cannot make a directory for the build")?;
    std::fs::write(context.path().join("Dockerfile"), DOCKERFILE).context("cannot write the Dockerfile")?;
    for line in DOCKERFILE.lines() {
        say!("  {line}");
    }
    say!("");
    let directory = context.path().to_string_lossy();
    for line in commands.output(&["build", "--no-cache", "-t", &image, &directory])?.lines() {
        say!("  {}", fitted(line, 76));
    }
    say!("");
    let again = commands.output(&["build", "-t", &image, &directory])?;
    say!("Second build: {} steps are taken from the cache.", again.matches("Using cache").count());
    narration.pause()?;

    narration.title("What it is made of")?;
    let found = ImageStore::open(store)?.find(&image)?;
    let begin = |digest: &str| format!("{}…", &digest[..43]);
    say!("  manifest       {}", begin(&found.descriptor.digest.to_string()));
    say!("  configuration  {}", begin(&found.id().to_string()));
    for layer in &found.manifest.layers {
        say!("  layer          {}  {:>10} bytes", begin(&layer.digest.to_string()), layer.size);
    }
    say!("");
    commands.show(&["run", "--rm", &image])?;
    commands.output(&["rmi", &image])?;
    narration.pause()?;

    narration.title("Your turn")?;
    say!("  cargo run -p ch08-images -- run -it --rm hostbox sh");
    say!("  cargo run -p ch08-images -- build -t web chapters/08-images/examples/nginx_web");
    say!("  cargo run -p ch08-images -- daemon --help           for the real docker client");
    say!("  cargo wb                                            the exercises");
    Ok(0)
}
