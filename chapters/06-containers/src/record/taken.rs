//! Which container has a name, without reading all records: `names/NAME` is a link that says the
//! id.
//!
//! A record is what counts, and such a link a shortcut to it: one that leads to no record, or to a
//! record of another name, was left by a command that was killed, and means nothing.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use anyhow::{Context, Result};
use ch01_namespaces::is_id;

use super::store::check_name;

/// The directory with the links.
#[derive(Debug, Clone)]
pub(super) struct Taken(pub PathBuf);

impl Taken {
    /// Where the link of a name is; `None` for what can't be a name, and must not become a path.
    fn link(&self, name: &str) -> Option<PathBuf> {
        check_name(name).is_ok().then(|| self.0.join(name))
    }

    /// The id that the link of this name says.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        let target = fs::read_link(self.link(name)?).ok()?;
        target.into_os_string().into_string().ok().filter(|id| is_id(id))
    }

    /// Makes a link, in the place of one that means nothing.
    pub(super) fn take(&self, name: &str, id: &str) -> Result<()> {
        let link = self.link(name).with_context(|| format!("{name:?} can't be a name"))?;
        let made = match symlink(id, &link) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                fs::remove_file(&link).and_then(|()| symlink(id, &link))
            }
            made => made,
        };
        made.with_context(|| format!("cannot make {}", link.display()))
    }

    /// Removes a link, unless it is another container's by now.
    pub(super) fn give_back(&self, name: &str, id: &str) {
        if self.id(name).as_deref() == Some(id)
            && let Some(link) = self.link(name)
        {
            // One that stays means nothing: no record has this name any more.
            let _ = fs::remove_file(link);
        }
    }

    /// The same where the record that says its name is damaged.
    pub(super) fn give_back_whatever(&self, id: &str) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            entry.file_name().to_str().into_iter().for_each(|name| self.give_back(name, id));
        }
    }
}
