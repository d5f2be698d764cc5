//! Instructions that bring files: COPY, ADD, and WORKDIR's directory.

use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use ch02_rootfs::rooted::Root;
use parse_dockerfile::{Flag, Source, UnescapedString};

use super::super::copy::Copy;
use super::super::place::At as _;
use super::super::words::expand;
use super::super::{Builder, Output, cache, unsupported};
use super::Stage;
use crate::layout::Found;

/// Files of users are small.
const MOST_USERS: u64 = 1 << 20;

impl Stage {
    pub(super) fn copy(
        &mut self,
        builder: &Builder<'_>,
        verb: &str,
        flags: &[Flag<'_>],
        sources: &[Source<'_>],
        target: &UnescapedString<'_>,
        output: &mut Output<'_>,
    ) -> Result<()> {
        let this = self.clone();
        let lookup = |name: &str| this.lookup(name);
        let mut sources_found = Vec::new();
        for source in sources {
            match source {
                Source::Path(path) => {
                    sources_found.push((expand(&path.value, &lookup).at(&path.span)?, path.span.clone()));
                }
                _ => return unsupported("a heredoc", "put the text into a file of the context"),
            }
        }
        let (mut from, mut owner, mut mode) = (None, None, None);
        for flag in flags {
            let at = &flag.name.span;
            let value = flag.value.as_ref().map(|value| expand(&value.value, &lookup)).transpose().at(at)?;
            let value = value.unwrap_or_default();
            match &*flag.name.value {
                "from" if verb == "COPY" => from = Some((value, at)),
                "chown" => owner = Some((value, at)),
                "chmod" => {
                    let octal = u32::from_str_radix(&value, 8).ok().filter(|mode| *mode <= 0o7777);
                    let told = || format!("invalid --chmod {value:?}: it must be octal, as in 755");
                    mode = Some(octal.with_context(told).at(at)?);
                }
                other => return Err(anyhow!("{verb} --{other} is not supported")).at(at),
            }
        }
        let files = from.as_ref().map(|(from, at)| builder.files_of(from, output).at(at)).transpose()?;
        let ends_with_slash = target.value.ends_with('/');
        let target = absolute(self.text("WorkingDir"), &expand(&target.value, &lookup).at(&target.span)?);
        let is_directory = match self.top() {
            Some(top) => builder.images.layers().has_directory(&top, Path::new(&target))?,
            None => target == "/",
        };
        let owner = owner.map(|(owner, at)| self.owner(builder, &owner).at(at)).transpose()?;
        let copy = Copy {
            context: files.as_ref().unwrap_or(builder.context),
            sources: sources_found,
            target: if ends_with_slash && target != "/" { format!("{target}/") } else { target.clone() },
            is_directory,
            owner,
            mode,
            unpacks: verb == "ADD",
        };
        let copied = copy.archive()?;
        let line = format!("/bin/sh -c #(nop) {verb} {} in {}", copied.checksum.short(), copy.target);
        let key =
            cache::key(self.image.as_ref().map(Found::id), &format!("{verb} {}", copy.target), Some(copied.checksum));
        let images = builder.images;
        self.cached_or(builder, &key, output, |stage, _| {
            let length = copied.file.metadata()?.len();
            let blob = images.put(copied.file, None, length)?;
            stage.add_layer(blob);
            stage.note(&line, false);
            stage.commit(images, Some(&key))
        })
    }

    /// WORKDIR makes the directory, if the image has none.
    pub(super) fn workdir(&mut self, builder: &Builder<'_>, path: &str, output: &mut Output<'_>) -> Result<()> {
        let images = builder.images;
        let is_there = match self.top() {
            Some(top) => images.layers().has_directory(&top, Path::new(path))?,
            None => path == "/",
        };
        let key = cache::key(self.image.as_ref().map(Found::id), &format!("WORKDIR {path}"), None);
        self.cached_or(builder, &key, output, |stage, _| {
            if !is_there {
                let mut archive = tar::Builder::new(Vec::new());
                let mut header = tar::Header::new_gnu();
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(0o755);
                header.set_size(0);
                header.set_uid(0);
                header.set_gid(0);
                header.set_mtime(0);
                archive.append_data(&mut header, format!("{}/", path.trim_matches('/')), std::io::empty())?;
                stage.add_layer(images.put_bytes(&archive.into_inner()?)?);
            }
            stage.note(&format!("/bin/sh -c #(nop) WORKDIR {path}"), is_there);
            stage.commit(images, Some(&key))
        })
    }

    /// `USER[:GROUP]`, by number, or by the names that the image knows.
    fn owner(&self, builder: &Builder<'_>, text: &str) -> Result<(u32, u32)> {
        let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
        let etc = tempfile::tempdir().context("cannot make a directory")?;
        if let Some(top) = self.top() {
            builder.images.layers().copy_out(&top, Path::new("/etc"), etc.path())?;
        }
        // The image says what is in there: a link leads nowhere outside of the copy.
        let copy = Root::open(etc.path())?;
        let find = |file: &str, name: &str, field: usize| -> Option<u32> {
            let mut text = String::new();
            copy.open_file(Path::new(file)).ok()??.take(MOST_USERS).read_to_string(&mut text).ok()?;
            let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
            line.split(':').nth(field)?.parse().ok()
        };
        let of_user = user.parse().ok().or_else(|| find("passwd", user, 2)).or((user == "root").then_some(0));
        let uid = of_user.ok_or_else(|| anyhow!("no user {user:?} is in the image's /etc/passwd"))?;
        let gid = match group {
            Some(group) => group
                .parse()
                .ok()
                .or_else(|| find("group", group, 2))
                .ok_or_else(|| anyhow!("no group {group:?} is in the image's /etc/group"))?,
            None => find("passwd", user, 3).unwrap_or(uid),
        };
        Ok((uid, gid))
    }
}

/// A path on the working directory, without dots.
pub(super) fn absolute(working_dir: &str, path: &str) -> String {
    let joined = Path::new("/").join(working_dir).join(path);
    let mut parts: Vec<String> = Vec::new();
    for part in joined.components() {
        match part {
            std::path::Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            std::path::Component::ParentDir => drop(parts.pop()),
            _ => {}
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_without_dots() {
        assert_eq!(absolute("/app", "../x/./y"), "/x/y");
        assert_eq!(absolute("", "a"), "/a");
        assert_eq!(absolute("/app", "/"), "/");
    }
}
