//! Exercise 4.7: repair the copy of a layer.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "4.7",
    name: "copy_layer",
    title: "repair the copy of a layer",
    kind: Kind::Repair,
    minutes: 40,
    difficulty: Difficulty::Medium,
    chapter: "04-unionfs",
    page: "04-unionfs/drivers.md",
    shown_by: "run --image app --storage vfs sh -c 'ls -l /'",
    needs_cgroups: false,
    hints: &[
        "`cargo wb check 4.7` shows three paths at which the copy differs from the original. Make such a \
         layer yourself, and compare both with ls -li: the first column is a file's inode number, the \
         third is the number of its names.",
        "stat(2) returns the metadata of a link's target, lstat(2) those of the link itself. chown(2) \
         explains when the set-user-ID bit is cleared. Two names of one file have the same device and \
         inode number, st_dev and st_ino. The function already has a map from these numbers to paths.",
        "Use fs::symlink_metadata, fs::read_link, std::os::unix::fs::symlink and fs::hard_link. The \
         existing calls also set a link's owner and time. A link has no mode of its own.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    FOLLOWS_LINKS = Mistake::new("follows-links",
        "The layer has a symbolic link, but the copy has the link's target, which is on the host.",
        "The paths of an image's links are paths in the container. On the host, a link to /etc/shadow leads \
         to the host's file, and the function copies this file into the container. Copy the link itself. \
         lstat(2) tells you whether a file is a link.");
    SUID_LOST = Mistake::new("suid-lost",
        "A file has lost its set-user-ID bit.",
        "The function sets the mode first and then the owner. chown(2) clears set-user-ID and set-group-ID, \
         even if the owner doesn't change. So su and sudo don't work any more. Set the owner first.");
    TWO_FILES = Mistake::new("two-files",
        "A file with two names became two files.",
        "They need the disk space twice, and a change under one name isn't visible under the other. Two names \
         of one file have the same inode number. Make the second name with link(2).");
    LATER_TIME = Mistake::new("later-time",
        "The modification time of a directory is the time of the copy.",
        "Each new file in a directory changes the directory's time. Set the directory's own metadata after you \
         have copied its content.");
    NO_ATTRIBUTES = Mistake::new("no-attributes",
        "A file has lost its extended attributes.",
        "fs::copy copies only the content and the mode. The capabilities of a program such as ping are \
         extended attributes, so the program doesn't work any more.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "The layer doesn't exist, but the function returned Ok.",
        "The container starts with an empty root.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    //! The copy, file by file.

    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    use anyhow::Result;
    use checker::view::{new_place, path_of, word};
    use checker::{Judgement, Outcome, Program, Reply, Run, random, until_hopeless};
    use lab::Lab;

    use crate::tree::{Tree, tree};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        Ok(judge(&until_hopeless(Case::ALL, |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        There,
        /// A link leads to nowhere.
        Dangling,
        Gone,
    }

    impl Case {
        const ALL: [Case; 3] = [Case::There, Case::Dangling, Case::Gone];
    }

    /// What a file has besides its content.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Beside {
        /// Mode and owner.
        mode: String,
        time: String,
        attribute: Option<Vec<u8>>,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        original: Tree,
        copy: Tree,
        /// For each path of the original, what it has there, and in the copy.
        beside: Vec<(PathBuf, Option<Beside>, Option<Beside>)>,
        /// Whether `one` and `srv/two` are one file in the copy.
        one_file: bool,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let place = new_place();
        let how = match case {
            Case::There => "there",
            Case::Dangling => "dangling",
            Case::Gone => "gone",
        };
        let value = random::within(0..1_000_000).to_string();
        let mut running = program.start(Lab::new(), &[word(&place), &value, how])?;
        let main = running.main();
        let (from, to) = (path_of(main, place.join("from")), path_of(main, place.join("to")));

        let reply = running.go_on()?;

        let (original, copy) = (tree(&from), tree(&to));
        let beside =
            original.keys().map(|path| (path.clone(), beside(&from.join(path)), beside(&to.join(path)))).collect();
        let number = |name: &str| fs::symlink_metadata(to.join(name)).map(|file| file.ino()).ok();
        let one_file = number("one").is_some() && number("one") == number("srv/two");
        Ok(Observation { case, original, copy, beside, one_file, run: Run::end(running, reply) })
    }

    fn beside(path: &Path) -> Option<Beside> {
        let file = fs::symlink_metadata(path).ok()?;
        Some(Beside {
            mode: format!("{:o} of {}:{}", file.mode() & 0o7777, file.uid(), file.gid()),
            time: format!("{}.{:09}", file.mtime(), file.mtime_nsec()),
            attribute: given::attribute(path, "user.note").ok().flatten(),
        })
    }

    const CONTENT: &str = "the copy has all files and directories with their content, and nothing else";
    const LINKS: &str = "a link is copied as a link, wherever it leads";
    const NAMES: &str = "a file with two names is one file with two names";
    const MODES: &str = "each file keeps its owner and its mode, including set-user-ID";
    const TIMES: &str = "each file keeps its modification time and its extended attributes";
    const GONE: &str = "if the layer doesn't exist, the function returns an error with a context";

    fn judge(runs: &[Observation]) -> Judgement {
        let (there, last) = (&runs[0], &runs[runs.len() - 1]);
        let dangling = runs.get(1).unwrap_or(last);
        let outcomes = vec![
            tree_is(CONTENT, there, false),
            Outcome::first_failing(&[there.clone(), dangling.clone()], |seen| tree_is(LINKS, seen, true)),
            names(there),
            all(MODES, there, |beside| beside.mode.clone()),
            all(TIMES, there, |beside| {
                let attribute = beside.attribute.as_ref().map(|value| String::from_utf8_lossy(value).into_owned());
                format!("{} {}", beside.time, attribute.map_or(String::new(), |value| format!("user.note={value}")))
            }),
            last.run.refused(GONE, last.case == Case::Gone, Ok(())),
        ];
        Judgement::new(outcomes, mistake(runs), runs[..runs.len().min(2)].iter().map(|seen| &seen.run.printed))
    }

    /// Of the paths that are links, or of all others, the first that differs.
    fn tree_is(claim: &'static str, seen: &Observation, links: bool) -> Outcome {
        let is_link = |path: &Path| {
            path.ancestors().any(|path| seen.original.get(path).is_some_and(|is| is.starts_with("a link")))
        };
        let paths = seen.original.keys().chain(seen.copy.keys()).filter(|path| is_link(path) == links);
        let of = |tree: &Tree, path: &PathBuf| tree.get(path).cloned().unwrap_or_else(|| "nothing".into());
        let different =
            paths.map(|path| (path, of(&seen.original, path), of(&seen.copy, path))).find(|(_, was, is)| was != is);
        let holds = different.is_none();
        let (expected, observed) = different.map_or(("".into(), "".into()), |(path, was, is)| {
            (format!("{} is {was}", path.display()), format!("in the copy it is {is}"))
        });
        seen.run.outcome(claim, holds, &expected, observed)
    }

    fn names(seen: &Observation) -> Outcome {
        let observed = if seen.one_file { "they are" } else { "they aren't" };
        seen.run.outcome(NAMES, seen.one_file, "one and srv/two have the same inode number", observed.into())
    }

    fn all(claim: &'static str, seen: &Observation, of: impl Fn(&Beside) -> String) -> Outcome {
        let nothing = || "nothing".to_string();
        let different = seen.beside.iter().find(|(_, was, is)| was.as_ref().map(&of) != is.as_ref().map(&of));
        let (expected, observed) = different.map_or(("".into(), "".into()), |(path, was, is)| {
            let was = format!("{}: {}", path.display(), was.as_ref().map_or_else(nothing, &of));
            (was, is.as_ref().map_or_else(nothing, &of))
        });
        seen.run.outcome(claim, different.is_none(), &expected, observed)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [there, dangling, gone] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive) {
            return None;
        }
        let is = |path: &str, what: &str| there.copy.get(Path::new(path)).is_some_and(|is| is == what);
        let of = |path: &str| there.beside.iter().find(|(at, _, _)| at == Path::new(path));
        let kept = |path: &str, what: &dyn Fn(&Beside) -> String| {
            of(path).is_some_and(|(_, was, is)| was.as_ref().map(what) == is.as_ref().map(what))
        };
        if is("to_file", "a file with \"the host's\"") || is("srv/to_directory", "a directory") {
            return Some(&FOLLOWS_LINKS);
        }
        if there.run.reply != Reply::Ok || dangling.run.reply != Reply::Ok || there.copy != there.original {
            return None;
        }
        let lost =
            |path: &str| of(path).and_then(|(_, _, is)| is.clone()).is_some_and(|is| is.mode.starts_with("755 "));
        match () {
            () if lost("root") => Some(&SUID_LOST),
            () if !there.one_file => Some(&TWO_FILES),
            () if !kept("srv", &|beside| beside.time.clone()) && kept("plain", &|beside| beside.time.clone()) => {
                Some(&LATER_TIME)
            }
            () if !kept("plain", &|beside| format!("{:?}", beside.attribute)) => Some(&NO_ATTRIBUTES),
            () if there.beside.iter().any(|(_, was, is)| was != is) => None,
            () if gone.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if gone.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
