//! The tree of files that becomes a root file system.

use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{loader, plan};

/// What was made, for people and for the cache.
#[derive(Debug, Default)]
pub struct Made {
    /// The files of the machine that went in.
    pub sources: Vec<PathBuf>,
    /// Programs that were asked for and aren't on this machine.
    pub missing: Vec<String>,
    /// Bytes copied.
    pub bytes: u64,
}

/// A tree in the making.
pub(super) struct Tree<'a> {
    root: &'a Path,
    /// By device and inode, where a file was copied to: one with many names is copied once.
    copied: HashMap<(u64, u64), PathBuf>,
    pub made: Made,
}

impl Tree<'_> {
    /// The empty directories, in a directory that is there.
    pub fn begin(root: &Path) -> Result<Tree<'_>> {
        let tree = Tree { root, copied: HashMap::new(), made: Made::default() };
        tree.merge_usr()?;
        for directory in plan::EMPTY_DIRECTORIES {
            tree.directory(Path::new(directory))?;
        }
        Ok(tree)
    }

    /// Most distributions have /bin, /lib and so on as links into /usr: programs name their loader by
    /// such a path.
    fn merge_usr(&self) -> Result<()> {
        for name in ["bin", "sbin", "lib", "lib64"] {
            if let Ok(target) = fs::read_link(Path::new("/").join(name)) {
                let target = target.strip_prefix("/").unwrap_or(&target);
                self.directory(target)?;
                symlink(target, self.root.join(name)).with_context(|| format!("cannot link {name}"))?;
            }
        }
        Ok(())
    }

    /// A program, its interpreter and its shared libraries.
    pub fn add_program(&mut self, program: &Path) -> Result<()> {
        self.add_file(program)?;
        loader::needs(program)?.iter().try_for_each(|needed| self.add_file(needed))
    }

    /// Another name for a program, beside it.
    pub fn add_name(&self, program: &Path, name: &str) -> Result<()> {
        let place = self.place(program)?;
        let target = place.file_name().context("no file name")?;
        symlink(target, place.with_file_name(name)).with_context(|| format!("cannot link {name}"))
    }

    /// Copies a file to the same place in the root, under the name it was asked for: for a library, the
    /// name that programs know it by is often a link.
    fn add_file(&mut self, file: &Path) -> Result<()> {
        let place = self.place(file)?;
        if place.exists() {
            return Ok(());
        }
        let meta = fs::metadata(file).with_context(|| format!("cannot look at {}", file.display()))?;
        let identity = (meta.dev(), meta.ino());
        if let Some(first) = self.copied.get(&identity) {
            return fs::hard_link(first, &place).with_context(|| format!("cannot link {}", place.display()));
        }
        self.made.bytes += fs::copy(file, &place).with_context(|| format!("cannot copy {}", file.display()))?;
        // A copy of `mount` must not be set-user-ID to whoever copied it.
        fs::set_permissions(&place, Permissions::from_mode(meta.mode() & 0o755))?;
        self.copied.insert(identity, place);
        self.made.sources.push(file.into());
        Ok(())
    }

    fn place(&self, file: &Path) -> Result<PathBuf> {
        let directory = file.parent().unwrap_or(Path::new("/")).canonicalize()?;
        let directory = directory.strip_prefix("/")?;
        self.directory(directory)?;
        Ok(self.root.join(directory).join(file.file_name().context("no file name")?))
    }

    /// A directory that everybody may enter, whatever the umask; and the directories above it.
    fn directory(&self, directory: &Path) -> Result<()> {
        let place = self.root.join(directory);
        if place.is_dir() {
            return Ok(());
        }
        directory.parent().map_or(Ok(()), |parent| self.directory(parent))?;
        fs::create_dir(&place).with_context(|| format!("cannot make {}", place.display()))?;
        Ok(fs::set_permissions(&place, Permissions::from_mode(plan::mode_of(directory)))?)
    }

    /// Opens it to everybody.
    pub fn finish(self) -> Result<Made> {
        fs::set_permissions(self.root, Permissions::from_mode(0o755))?;
        Ok(self.made)
    }
}
