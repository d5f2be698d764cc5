//! Where images and containers are on the disk: given.
//!
//! ```text
//! images/NAME           the names of its layers, one a line, the lowest first
//! layers/LAYER          a layer's files
//! commands/NAME         the words of an image's command, as JSON
//! containers/NAME       layers (as an image has them), upper, work; with vfs: copy
//! records/NAME          of containers in the background: see record.rs
//! ```

use std::env;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nix::mount::{MsFlags, mount};
use nix::unistd::geteuid;

use crate::answers::reference;
use crate::arguments::Storage;

/// The image that is always there: this machine's programs, or rather places for them.
pub const HOSTBOX: &str = "hostbox";

/// How the name of a layer ends that has all files of its image, for vfs.
const WHOLE: &str = ".vfs";

#[derive(Debug)]
pub struct Store(PathBuf);

/// The user's store, in ~/.local/share/mydocker.
pub fn store() -> Result<Store> {
    let home = env::var_os("HOME").context("no place for images: set HOME")?;
    let top = Path::new(&home).join(".local/share/mydocker");
    for directory in ["images", "layers", "commands", "containers", "records"] {
        let directory = top.join(directory);
        fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
    }
    Ok(Store(top))
}

/// A container's place in the store.
#[derive(Debug)]
pub struct Stored {
    /// The image's, the lowest first.
    pub layers: Vec<PathBuf>,
    /// Whether the lowest of them has places for this machine's programs.
    pub on_hostbox: bool,
    pub upper: PathBuf,
    pub work: PathBuf,
    /// With vfs: the container's files.
    pub copy: PathBuf,
}

impl Store {
    pub fn top(&self) -> &Path {
        &self.0
    }

    // ANCHOR: new_container
    /// A place for a new container of the image. What an older one of the same name has left there
    /// is removed: `mydocker diff` shows it until then.
    pub fn new_container(&self, name: &str, image: &str) -> Result<Stored> {
        let layers = self.image(image)?;
        let place = self.0.join("containers").join(file_name(name)?);
        match fs::remove_dir_all(&place) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", place.display()));
            }
            _ => {}
        }
        for directory in ["upper", "work"] {
            let directory = place.join(directory);
            fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
        }
        fs::write(place.join("layers"), layers.join("\n")).context("writing down the container's layers")?;
        self.container(name)
    }
    // ANCHOR_END: new_container

    /// A container that was made, whether or not it runs.
    pub fn container(&self, name: &str) -> Result<Stored> {
        let place = self.0.join("containers").join(file_name(name)?);
        let layers = fs::read_to_string(place.join("layers"))
            .with_context(|| format!("there is no container {name} with an image: run --image NAME makes one"))?;
        Ok(Stored {
            on_hostbox: layers.lines().next() == Some(HOSTBOX),
            layers: layers.lines().map(|layer| self.layer(layer)).collect(),
            upper: place.join("upper"),
            work: place.join("work"),
            copy: place.join("copy"),
        })
    }

    /// The names of an image's layers, the lowest first.
    pub fn image(&self, name: &str) -> Result<Vec<String>> {
        if name == HOSTBOX {
            self.make_hostbox().context("making the image hostbox")?;
            return Ok(vec![HOSTBOX.into()]);
        }
        let layers = fs::read_to_string(self.0.join("images").join(image_file(name)?))
            .with_context(|| format!("there is no image {name}: mydocker import {name} makes one"))?;
        Ok(layers.lines().map(String::from).collect())
    }

    pub fn layer(&self, name: &str) -> PathBuf {
        self.0.join("layers").join(name)
    }

    /// A place for a new layer of an image: its name, which no other one has.
    pub fn place_for_layer(&self, image: &str, storage: Storage) -> Result<String> {
        let image = image_file(image)?;
        ensure!(image != HOSTBOX, "hostbox is this machine's: choose another name");
        let all = if storage == Storage::Vfs { WHOLE } else { "" };
        let free = (0..).map(|number| format!("{image}.{number}{all}")).find(|name| !self.layer(name).exists());
        free.context("there is always one more number")
    }

    /// From here on there is an image of this name.
    pub fn name_image(&self, name: &str, layers: &[String]) -> Result<()> {
        let name = image_file(name)?;
        ensure!(name != HOSTBOX, "hostbox is this machine's: choose another name");
        let file = self.0.join("images").join(&name);
        let new = self.0.join(format!("images/.{name}"));
        // Never half of it, whatever happens.
        fs::write(&new, layers.join("\n")).and_then(|()| fs::rename(&new, &file)).context("writing down the image")
    }

    /// What a container of the image runs if nothing else is asked for; empty: it doesn't say.
    pub fn command(&self, image: &str) -> Result<Vec<String>> {
        match fs::read(self.0.join("commands").join(image_file(image)?)) {
            Ok(json) => serde_json::from_slice(&json).context("the image's command"),
            Err(_) => Ok(Vec::new()),
        }
    }

    pub fn set_command(&self, image: &str, command: &[String]) -> Result<()> {
        let file = self.0.join("commands").join(image_file(image)?);
        fs::write(file, serde_json::to_vec(command)?).context("writing down the image's command")
    }

    fn make_hostbox(&self) -> Result<()> {
        let (layer, half) = (self.layer(HOSTBOX), self.layer(&format!(".{HOSTBOX}.{}", std::process::id())));
        if layer.is_dir() {
            return Ok(());
        }
        fs::create_dir(&half)?;
        given::machine_layer(&half)?;
        match fs::rename(&half, &layer) {
            // Somebody else has made it in between.
            Err(error) if layer.is_dir() && error.kind() != ErrorKind::NotFound => fs::remove_dir_all(&half),
            renamed => renamed,
        }
        .context("putting it in its place")
    }
}

impl Stored {
    /// With vfs: the image's files, which the topmost layer has all.
    pub fn whole_image(&self) -> Result<&Path> {
        let top = self.layers.last().context("an image has a layer")?;
        ensure!(is_whole(top), "the image was imported for overlay: import it, and its parent, with --storage vfs");
        Ok(top)
    }

    /// With overlay: the layers, each of which has what is different.
    pub fn differences(&self) -> Result<&[PathBuf]> {
        let is_difference = |layer: &PathBuf| layer.ends_with(HOSTBOX) || !is_whole(layer);
        ensure!(self.layers.iter().all(is_difference), "the image was imported for vfs: run --storage vfs");
        Ok(&self.layers)
    }

    /// Shows the container's copy as its root.
    pub fn show_copy(&self, root: &Path) -> Result<()> {
        mount(Some(&self.copy), root, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
            .with_context(|| format!("binding {} on {}", self.copy.display(), root.display()))
    }
}

fn is_whole(layer: &Path) -> bool {
    layer.ends_with(HOSTBOX) || layer.as_os_str().as_encoded_bytes().ends_with(WHOLE.as_bytes())
}

/// The file of an image: its name without what goes without saying, and without slashes.
fn image_file(name: &str) -> Result<String> {
    // 8.1  A name with all its parts.
    let parts = reference::parse(name).context("an image's name")?;
    ensure!(parts.digest.is_none(), "{name}: mydocker knows images by tag only");
    let repository = match parts.host.as_str() {
        "docker.io" => parts.repository.trim_start_matches("library/").to_string(),
        host => format!("{host}/{}", parts.repository),
    };
    let tag = parts.tag.filter(|tag| tag != "latest").map(|tag| format!(":{tag}")).unwrap_or_default();
    Ok(format!("{repository}{tag}").replace('/', "%").replace(':', "="))
}

/// A name that is one in a directory, and nothing else.
pub fn file_name(name: &str) -> Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    ensure!(
        name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain),
        "\"{name}\" is no name: letters, digits, _, - and ."
    );
    Ok(name)
}

/// Whether this user's files can have any owner: only root of the machine may give them away.
pub fn may_give_away() -> io::Result<bool> {
    let map = fs::read_to_string("/proc/self/uid_map")?;
    Ok(geteuid().is_root() && map.split_whitespace().eq(["0", "0", "4294967295"]))
}
