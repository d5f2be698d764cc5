//! Where the program's root and working directory are.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use checker::{Heard, Program};
use lab::{Lab, look};

use crate::view::{identity, new_place, path_of, word};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The host's /.
    Host,
    /// Above the chroot, and below the host's /.
    OnTheWay,
    /// The folder that the program was locked up in.
    Chroot,
    /// A folder in it.
    Inside,
    Elsewhere,
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub heard: Heard,
    /// Whether the program still ran when we looked; if not, nothing below is true.
    pub alive: bool,
    pub root: Place,
    pub directory: Place,
    /// Whether the program's own path to the host's secret leads there.
    pub secret: bool,
    pub printed: String,
}

/// `depth`: how many folders below the secret's. `kind`: `open`, or `closed`: nothing can be made in the chroot.
pub fn at(program: &Program, depth: u32, kind: &str) -> Result<Seen> {
    let place = new_place();
    let mut running = program.start(Lab::new(), &[word(&place), &depth.to_string(), kind])?;
    let (init, main) = (running.init(), running.main());
    let host = identity(path_of(init, "/")).context("the lab's own root")?;
    let chroot = identity(path_of(main, "/")).context("the program's root")?;

    let heard = running.go_on()?;

    let where_is = |link: &str| place_of(PathBuf::from(format!("/proc/{main}/{link}")), host, chroot);
    let (root, directory) = (where_is("root"), where_is("cwd"));
    let secret = fs::read(path_of(main, place.join("secret"))).is_ok_and(|text| text == word(&place).as_bytes());
    Ok(Seen { heard, alive: look::process_exists(main), root, directory, secret, printed: running.end() })
}

/// `..` in such a path isn't stopped by the program's root, but by ours.
fn place_of(mut folder: PathBuf, host: (u64, u64), chroot: (u64, u64)) -> Place {
    let mut steps = 0;
    let mut came_by = false;
    while let Some(here) = identity(&folder) {
        match () {
            () if here == chroot && steps == 0 => return Place::Chroot,
            () if here == chroot => came_by = true,
            () if here == host && steps == 0 => return Place::Host,
            () if here == host => return if came_by { Place::Inside } else { Place::OnTheWay },
            () if steps > 1000 => break,
            () => {}
        }
        folder.push("..");
        steps += 1;
    }
    Place::Elsewhere
}

impl Seen {
    pub fn is_out(&self) -> bool {
        self.root == Place::Host && self.secret
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_placed_by_the_way_up_from_it() {
        let [host, chroot] = ["/", "/proc/self"].map(|path| identity(path).expect("it is there"));
        let placed = |path: &str| place_of(PathBuf::from(path), host, chroot);
        assert_eq!(placed("/"), Place::Host);
        assert_eq!(placed("/proc/self"), Place::Chroot);
        assert_eq!(placed("/proc/self/fd"), Place::Inside);
        assert_eq!(placed("/proc"), Place::OnTheWay);
        assert_eq!(placed("/no/such/folder"), Place::Elsewhere);
    }
}
