//! The context: the files that a build may copy, and no others.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use ch02_rootfs::import::{NoSpecialNames, Options, SpecialFiles, unpack};
use ch02_rootfs::rooted::Root;
use ch04_unionfs::archive::decompress;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;
use tempfile::TempDir;

use super::words::matches;

/// A directory, and what of it is left out.
pub struct Context {
    pub(super) root: PathBuf,
    directory: OwnedFd,
    ignored: Vec<(bool, String)>,
    /// Whether it is another stage's root file system: a link to `/etc` means the one in there.
    is_a_root: bool,
    _unpacked: Option<TempDir>,
}

/// What Docker reads patterns from.
pub(super) const IGNORE: &str = ".dockerignore";

/// Of a text: the Dockerfile, and the patterns.
const MOST_TEXT: u64 = 1 << 20;

impl Context {
    /// A directory of the caller's.
    pub fn of_directory(directory: &Path) -> Result<Context> {
        let root = fs::canonicalize(directory)
            .with_context(|| format!("unable to prepare context: path {:?} not found", directory))?;
        ensure!(root.is_dir(), "unable to prepare context: {} is not a directory", directory.display());
        let mut context = Context::of_root(root, false, None)?;
        if context.root.join(IGNORE).symlink_metadata().is_ok() {
            context.ignored = patterns(&context.text(IGNORE)?);
        }
        Ok(context)
    }

    fn of_root(root: PathBuf, is_a_root: bool, unpacked: Option<TempDir>) -> Result<Context> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(&root, flags, Mode::empty()).with_context(|| format!("cannot open {}", root.display()))?;
        Ok(Context { root, directory, ignored: Vec::new(), is_a_root, _unpacked: unpacked })
    }

    /// An archive, unpacked to a directory that goes away. Chapter 2 unpacks it: links don't lead out.
    ///
    /// With a Dockerfile from elsewhere (`-f`), docker's client sends an archive that has no end. What
    /// was cut is told by HTTP then.
    pub fn of_archive(archive: impl Read, beside: &Path) -> Result<Context> {
        let directory = tempfile::Builder::new().prefix("build-").tempdir_in(beside);
        let directory = directory.context("cannot make a directory for the context")?;
        let root = Root::open(directory.path())?;
        let options = Options {
            // No device: an archive could have us open it.
            special_files: SpecialFiles::Fifos,
            keep_owners: false,
            may_lack_its_end: true,
            ..Options::default()
        };
        unpack(decompress(archive)?, &root, &NoSpecialNames, &options).context("cannot unpack the context")?;
        let mut context = Context::of_directory(directory.path())?;
        context._unpacked = Some(directory);
        Ok(context)
    }

    /// The files of another stage, which nothing is left out of.
    pub fn of_stage(directory: TempDir) -> Result<Context> {
        let root = fs::canonicalize(directory.path())?;
        Context::of_root(root, true, Some(directory))
    }

    /// A file as text: the Dockerfile, or the patterns.
    pub fn text(&self, name: &str) -> Result<String> {
        let (path, _) = self.inside(name)?;
        let mut bytes = Vec::new();
        self.open(&path)?.take(MOST_TEXT + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
        ensure!(bytes.len() as u64 <= MOST_TEXT, "{name} is larger than 1 MiB");
        let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is not UTF-8"))?;
        ensure!(!text.contains('\0'), "{name} has a NUL byte in it");
        Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_string())
    }

    // ANCHOR: inside
    /// Resolves a path of the context. Follows `..` and links only if they stay within the context.
    fn inside(&self, name: &str) -> Result<(PathBuf, String)> {
        let mut clean = PathBuf::new();
        for part in Path::new(name).components() {
            match part {
                Component::Normal(part) => clean.push(part),
                Component::ParentDir if !clean.pop() => {
                    bail!("forbidden path outside the build context: {name}")
                }
                _ => {}
            }
        }
        let path = self.root.join(&clean);
        let real = if self.is_a_root { self.in_root(&clean)? } else { fs::canonicalize(&path) };
        match real {
            Ok(real) if !real.starts_with(&self.root) => {
                bail!("forbidden path outside the build context: {name} leads to a place outside")
            }
            Ok(real) => Ok((real, clean.to_string_lossy().into_owned())),
            Err(error) => Err(error).with_context(|| format!("file not found in build context: {name}")),
        }
    }
    // ANCHOR_END: inside

    // ANCHOR: open
    /// Opens a regular file for reading. No link is followed: a directory on the way may have
    /// been replaced by one since `inside` looked at it.
    pub(super) fn open(&self, path: &Path) -> Result<File> {
        // A fifo would wait for somebody who writes.
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK;
        let file = File::from(self.open_beneath(path, flags)?);
        ensure!(file.metadata()?.is_file(), "{} is not a regular file", path.display());
        Ok(file)
    }

    fn open_beneath(&self, path: &Path, flags: OFlag) -> Result<OwnedFd> {
        let inside = path.strip_prefix(&self.root)?;
        let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
        let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS;
        let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(resolve);
        match openat2(&self.directory, inside, how) {
            Err(Errno::ELOOP) => bail!("{} is a link by now", path.display()),
            opened => opened.with_context(|| format!("cannot read {}", path.display())),
        }
    }
    // ANCHOR_END: open

    /// A directory's entries, sorted, with their names from the context's root.
    pub(super) fn children(&self, directory: &Path, prefix: &str) -> Result<Vec<(PathBuf, String)>> {
        let opened = self.open_beneath(directory, OFlag::O_RDONLY | OFlag::O_DIRECTORY)?;
        let mut entries = Vec::new();
        let found = fs::read_dir(format!("/proc/self/fd/{}", opened.as_raw_fd()));
        for entry in found.with_context(|| format!("cannot read {}", directory.display()))? {
            let name = entry?.file_name();
            let path = directory.join(&name);
            let name = name.to_string_lossy();
            entries.push((path, if prefix.is_empty() { name.into_owned() } else { format!("{prefix}/{name}") }));
        }
        entries.sort();
        Ok(entries)
    }

    /// Where a path of a root file system leads, as it does for those who live in it.
    fn in_root(&self, path: &Path) -> Result<std::io::Result<PathBuf>> {
        let found = Root::open(&self.root)?.find(path)?;
        let missing = || Err(std::io::Error::from(ErrorKind::NotFound));
        Ok(found.map_or_else(missing, |found| fs::read_link(format!("/proc/self/fd/{}", found.as_raw_fd()))))
    }

    /// What a source of COPY means: one name, or all that a pattern matches.
    pub fn find(&self, source: &str) -> Result<Vec<(PathBuf, String)>> {
        if !source.contains(['*', '?', '[']) {
            let (path, name) = self.inside(source)?;
            ensure!(!self.is_ignored(&name), "file not found in build context: {source} is excluded by {IGNORE}");
            return Ok(vec![(path, name)]);
        }
        let mut found = Vec::new();
        let mut waiting = vec![(self.root.clone(), String::new())];
        while let Some((directory, prefix)) = waiting.pop() {
            for (path, name) in self.children(&directory, &prefix)? {
                if self.is_ignored(&name) {
                    continue;
                }
                if matches(source, &name) {
                    found.push(self.inside(&name)?);
                } else if fs::symlink_metadata(&path)?.is_dir() {
                    waiting.push((path, name));
                }
            }
        }
        ensure!(!found.is_empty(), "file not found in build context: nothing matches {source}");
        found.sort();
        Ok(found)
    }

    /// Whether a path is left out: the last pattern that fits it, or a directory above it, decides.
    pub fn is_ignored(&self, path: &str) -> bool {
        let mut ignored = false;
        for (is_exception, pattern) in &self.ignored {
            let above = path.match_indices('/').map(|(end, _)| &path[..end]).chain([path]);
            if above.into_iter().any(|part| matches(pattern, part)) {
                ignored = !is_exception;
            }
        }
        ignored && !path.is_empty()
    }
}

impl Context {
    /// Whether a directory is left out with all that is below it: no exception brings some of it back.
    pub fn is_ignored_whole(&self, directory: &str) -> bool {
        !self.ignored.iter().any(|(is_exception, _)| *is_exception) && self.is_ignored(directory)
    }
}

fn patterns(text: &str) -> Vec<(bool, String)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.strip_prefix('!').map_or((false, line.into()), |line| (true, line.trim().into()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_is_found_neither_by_dots_nor_by_links() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "s").unwrap();
        let inside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), inside.path().join("link")).unwrap();
        std::os::unix::fs::symlink(outside.path(), inside.path().join("dir")).unwrap();
        fs::write(inside.path().join("page"), "p").unwrap();
        let context = Context::of_directory(inside.path()).unwrap();
        for bad in ["../secret", "a/../../x", "link", "dir/secret", "l*"] {
            assert!(context.find(bad).unwrap_err().to_string().contains("outside the build context"), "{bad}");
        }
        assert_eq!(context.find("./page").unwrap()[0].1, "page");
        assert_eq!(context.find("/page").unwrap()[0].1, "page");
    }

    #[test]
    fn the_last_pattern_decides() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(IGNORE), "# note\n*.log\nsecret\n!keep.log\n").unwrap();
        let context = Context::of_directory(directory.path()).unwrap();
        assert!(context.is_ignored("a.log") && context.is_ignored("secret/key") && !context.is_ignored("keep.log"));
        assert!(!context.is_ignored("page"));
    }

    #[test]
    fn a_directory_that_was_exchanged_for_a_link_shows_nothing_outside() {
        let place = tempfile::tempdir().unwrap();
        let (inside, outside) = (place.path().join("context"), place.path().join("outside"));
        for directory in [&inside, &outside] {
            fs::create_dir(directory).unwrap();
            fs::write(directory.join("page"), "page").unwrap();
        }
        let context = Context::of_directory(&inside).unwrap();
        // It was a directory when we looked.
        std::os::unix::fs::symlink(&outside, inside.join("pages")).unwrap();
        let refusals = [
            context.children(&inside.join("pages"), "pages").map(drop),
            context.open(&inside.join("pages/page")).map(drop),
            context.open(&inside.join("pages")).map(drop),
        ];
        for refusal in refusals {
            assert!(refusal.unwrap_err().to_string().contains("is a link by now"));
        }
        context.open(&inside.join("page")).unwrap();
    }
}
