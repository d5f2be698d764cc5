//! The context: the files that a build may copy, and no others.

use std::fs;
use std::io::{ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use ch02_rootfs::import::{NoSpecialNames, Options, SpecialFiles, unpack};
use ch02_rootfs::rooted::Root;
use ch04_unionfs::archive::decompress;
use tempfile::TempDir;

use super::words::matches;

/// A directory, and what of it is left out.
pub struct Context {
    pub(super) root: PathBuf,
    ignored: Vec<(bool, String)>,
    /// Whether it is another stage's root file system: a link to `/etc` means the one in there.
    is_a_root: bool,
    _unpacked: Option<TempDir>,
}

/// What Docker reads patterns from.
pub(super) const IGNORE: &str = ".dockerignore";

impl Context {
    /// A directory of the caller's.
    pub fn of_directory(directory: &Path) -> Result<Context> {
        let root = fs::canonicalize(directory)
            .with_context(|| format!("unable to prepare context: path {:?} not found", directory))?;
        ensure!(root.is_dir(), "unable to prepare context: {} is not a directory", directory.display());
        let ignored = match fs::read_to_string(root.join(IGNORE)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            text => patterns(&text.with_context(|| format!("cannot read {IGNORE}"))?),
        };
        Ok(Context { root, ignored, is_a_root: false, _unpacked: None })
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
            special_files: SpecialFiles::as_allowed(),
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
        Ok(Context { root, ignored: Vec::new(), is_a_root: true, _unpacked: Some(directory) })
    }

    /// A file as text: the Dockerfile.
    pub fn text(&self, name: &str) -> Result<String> {
        let (path, _) = self.inside(name)?;
        let bytes = fs::read(&path)
            .with_context(|| format!("failed to read dockerfile: open {name}: no such file or directory"))?;
        ensure!(bytes.len() <= 1 << 20, "{name} is larger than 1 MiB");
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
            for (path, name) in children(&directory, &prefix)? {
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

/// A directory's entries, sorted, with their names from the context's root.
pub fn children(directory: &Path, prefix: &str) -> Result<Vec<(PathBuf, String)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        entries.push((entry.path(), if prefix.is_empty() { name } else { format!("{prefix}/{name}") }));
    }
    entries.sort();
    Ok(entries)
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
}
