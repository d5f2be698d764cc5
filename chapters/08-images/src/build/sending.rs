//! A context as an archive, for a daemon that builds.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context as _, Result};
use tar::{Builder, EntryType, Header};

use super::context::{Context, IGNORE};

impl Context {
    /// Writes all files that aren't left out. The Dockerfile and the list of what is left out always
    /// go along: the daemon reads them, and copies them no more than we would.
    pub fn write(&self, dockerfile: &str, out: &mut dyn Write) -> Result<()> {
        let mut archive = Builder::new(out);
        let mut waiting = vec![(self.root.clone(), String::new())];
        while let Some((directory, prefix)) = waiting.pop() {
            for (path, name) in self.children(&directory, &prefix)? {
                let meta = fs::symlink_metadata(&path).with_context(|| format!("cannot look at {}", path.display()))?;
                if !self.is_ignored(&name) || name == dockerfile || name == IGNORE {
                    let place = path.strip_prefix(&self.root)?;
                    self.send(&mut archive, &path, place, &meta)
                        .with_context(|| format!("cannot send {} to the daemon", path.display()))?;
                }
                let has_dockerfile = Path::new(dockerfile).starts_with(&name);
                if meta.is_dir() && (has_dockerfile || !self.is_ignored_whole(&name)) {
                    waiting.push((path, name));
                }
            }
        }
        archive.into_inner().and_then(|out| out.flush()).context("cannot send the context to the daemon")
    }

    /// What is neither a file nor a directory nor a link can't be copied, and isn't sent.
    fn send(
        &self,
        archive: &mut Builder<&mut dyn Write>,
        path: &Path,
        place: &Path,
        meta: &fs::Metadata,
    ) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_uid(0);
        header.set_gid(0);
        header.set_mode(meta.mode() & 0o7777);
        header.set_mtime(meta.mtime().max(0) as u64);
        header.set_size(0);
        if meta.is_dir() {
            header.set_entry_type(EntryType::Directory);
            archive.append_data(&mut header, place, io::empty())?;
        } else if meta.is_symlink() {
            header.set_entry_type(EntryType::Symlink);
            archive.append_link(&mut header, place, fs::read_link(path)?)?;
        } else if meta.is_file() {
            header.set_size(meta.len());
            // Exactly as much as the header promises, whatever the file does meanwhile.
            archive.append_data(&mut header, place, self.open(path)?.chain(io::repeat(0)).take(meta.len()))?;
        }
        Ok(())
    }
}
