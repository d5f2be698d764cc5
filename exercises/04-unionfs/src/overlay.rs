//! Exercise 4.2: mount layers as one directory.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "4.2",
    name: "overlay",
    title: "mount layers as one directory",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "04-unionfs",
    page: "04-unionfs/union.md",
    shown_by: "run --image app sh -c 'ls /; mount | head -1'",
    needs_cgroups: false,
    hints: &[
        "You need one call of mount(2), with the file system \"overlay\". Its options are userxattr, \
         lowerdir, upperdir and workdir, with commas between them. In which order does overlayfs expect \
         the lower layers, and in which order do you get them?",
        "lowerdir lists the topmost layer first. A colon in a path would begin the next layer, and a \
         comma the next option. Write a backslash before a colon, a comma or a backslash in a path.",
        "A path is a sequence of bytes: path.as_os_str().as_bytes(), from std::os::unix::ffi::OsStrExt. \
         mount's last argument may also be bytes: Some(options.as_slice()), where options is a Vec<u8>. \
         A Vec<Vec<u8>> has join(&b':').",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    UPSIDE_DOWN = Mistake::new("upside-down",
        "The lowest layer hides the ones above it.",
        "An image lists its layers from the bottom to the top. lowerdir lists them from the top to the \
         bottom: if two layers have a file with the same name, the first directory's file is visible.");
    LAYER_WRITTEN = Mistake::new("layer-written",
        "A write in the union changes one of the layers.",
        "A layer must not change, because other containers use it. overlayfs writes only to upperdir, so \
         upperdir must be the container's own directory and not a layer.");
    NO_USERXATTR = Mistake::new("no-userxattr",
        "For root of a user namespace, the union works until a directory of a layer is deleted.",
        "overlayfs marks directories with attributes in trusted.overlay.*, which only root of the machine \
         may write. For others the operation fails with EIO, \"Input/output error\". With the option \
         userxattr, overlayfs uses user.overlay.* instead.");
    SPLIT_AT_A_COLON = Mistake::new("split-at-a-colon",
        "A path with a comma or a colon is split there.",
        "The options are one string. A comma separates options and a colon separates layers, even in the \
         middle of a path. Write a backslash before them, and before a backslash.");
    SWALLOWED_THE_ERROR = exercise::swallowed!(
        "A layer doesn't exist, but the function returned Ok.",
        "The container starts with an empty root.");
    BARE_ERRNO = Mistake { why:
        "\"No such file or directory\" could refer to any of the layers, or to the target. Add what you \
         wanted to mount, and where: .with_context(|| format!(…))?",
        ..exercise::BARE_ERRNO };
}

#[cfg(feature = "checks")]
pub mod check {
    //! What is seen in the union, and where a write goes.

    use std::fs;

    use anyhow::Result;
    use checker::view::{new_place, path_of, word};
    use checker::{Judgement, Outcome, Program, Reply, Run, until_hopeless};
    use lab::Lab;
    use lab::observe::mountinfo;

    use crate::tree::{first_difference, in_words, is_opaque, tree};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        let cases = [Case::Plain, Case::User, Case::Odd, Case::Missing];
        Ok(judge(&until_hopeless(cases, |case| observe(program, case), |seen| &seen.run)?))
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Case {
        Plain,
        /// As root of a user namespace.
        User,
        /// With a comma, a colon and a backslash in each path.
        Odd,
        /// A layer isn't there.
        Missing,
    }

    #[derive(Debug, Clone)]
    struct Observation {
        case: Case,
        run: Run,
        /// Whether an overlay is mounted at the target.
        mounted: bool,
        /// What the file that both layers have says, and should say.
        name: String,
        topmost: String,
        /// What was written to a file: in the upper directory.
        written: String,
        /// What differs in the layers now.
        layer_changed: Option<String>,
        /// Whether a file was deleted, as overlayfs does it.
        deleted: bool,
        /// Whether a directory was replaced.
        replaced: bool,
    }

    fn observe(program: &Program, case: Case) -> Result<Observation> {
        let plain = new_place();
        let topmost = word(&plain).replace("/tmp/", "");
        let place = if case == Case::Odd { format!("{}:a,b\\c", word(&plain)) } else { word(&plain).into() };
        let how = match case {
            Case::Plain => "plain",
            Case::User => "user",
            Case::Odd => "odd",
            Case::Missing => "missing",
        };
        let mut running = program.start(Lab::new(), &[&place, &topmost, how])?;
        let main = running.main();
        let at = |name: &str| path_of(main, format!("{place}/{name}"));
        let layers = || [tree(&at("low")), tree(&at("high"))];
        let before = layers();

        let reply = running.go_on()?;

        let after = layers();
        let changed = before.iter().zip(&after).find_map(|(before, after)| first_difference(before, after));
        // As the kernel shows it, with a backslash as \134.
        let table = mountinfo(main).unwrap_or_default();
        let mounted = table.iter().any(|mount| mount.file_system == "overlay" && mount.mount_point.ends_with("merged"));
        let names = |directory| tree(&at(directory)).into_keys().collect::<Vec<_>>();
        Ok(Observation {
            case,
            mounted,
            name: fs::read_to_string(at("merged/name")).unwrap_or_else(|error| error.to_string()),
            topmost,
            written: in_words(&at("upper/port")),
            layer_changed: changed.map(|(path, was, is)| format!("{} was {was}, and is {is}", path.display())),
            deleted: in_words(&at("upper/key")) == "a device 0:0" && in_words(&at("merged/key")) == "nothing",
            replaced: names("merged/docs") == ["c".as_ref()] as [&std::path::Path; 1] && is_opaque(&at("upper/docs")),
            run: Run::end(running, reply),
        })
    }

    const UNION: &str = "the target shows the files of all layers, and the topmost layer wins";
    const UPPER: &str = "all changes go to the upper directory, and the layers don't change";
    const MARKS: &str = "files can be deleted and directories replaced, also by root of a user namespace";
    const NAMES: &str = "a path may contain a comma, a colon or a backslash";
    const REFUSED: &str = "if a layer doesn't exist, the function returns an error with a context";

    fn judge(runs: &[Observation]) -> Judgement {
        let of = |case| runs.iter().find(|seen| seen.case == case).unwrap_or(&runs[runs.len() - 1]);
        let [plain, user, odd, missing] = [Case::Plain, Case::User, Case::Odd, Case::Missing].map(of);
        let outcomes = vec![
            union(UNION, plain),
            upper(plain),
            Outcome::first_failing(&[plain.clone(), user.clone()], marks),
            union(NAMES, odd),
            refused(missing),
        ];
        Judgement::new(outcomes, mistake(runs), runs[..runs.len().min(3)].iter().map(|seen| &seen.run.printed))
    }

    impl Observation {
        fn unites(&self) -> bool {
            self.run.alive && self.run.reply == Reply::Ok && self.mounted && self.name == self.topmost
        }
    }

    fn union(claim: &'static str, seen: &Observation) -> Outcome {
        let observed = match seen.mounted {
            true => format!("its content is \"{}\"", seen.name),
            false => "no overlay is mounted there".into(),
        };
        let expected = format!("merged/name contains \"{}\", as in the topmost layer", seen.topmost);
        seen.run.outcome(claim, seen.unites(), &expected, observed)
    }

    fn upper(seen: &Observation) -> Outcome {
        let went = seen.written == "a file with \"8080\"";
        let observed = match &seen.layer_changed {
            Some(changed) => format!("in a layer {changed}"),
            None => format!("upper/port: {}", seen.written),
        };
        let expected = "upper/port is a file with \"8080\", and no layer has changed";
        seen.run.outcome(UPPER, seen.mounted && went && seen.layer_changed.is_none(), expected, observed)
    }

    fn marks(seen: &Observation) -> Outcome {
        let whom = if seen.case == Case::User { "for root of a user namespace: " } else { "" };
        let observed = match (seen.deleted, seen.replaced) {
            (true, true) => "both are as expected".to_string(),
            (true, false) => "the directory wasn't replaced".into(),
            (false, _) => "the file wasn't deleted".into(),
        };
        let expected = "upper/key is a device 0:0, and upper/docs has user.overlay.opaque=y";
        seen.run.outcome(MARKS, seen.deleted && seen.replaced, expected, format!("{whom}{observed}"))
    }

    fn refused(seen: &Observation) -> Outcome {
        let kept = if seen.mounted { Err("an overlay is mounted".into()) } else { Ok(()) };
        seen.run.refused(REFUSED, seen.case == Case::Missing, kept)
    }

    /// The mistake that fits everything that was seen.
    fn mistake(runs: &[Observation]) -> Option<&'static Mistake> {
        let [plain, user, odd, missing] = runs else { return None };
        if runs.iter().any(|seen| !seen.run.alive) || plain.run.reply != Reply::Ok || !plain.mounted {
            return None;
        }
        match () {
            () if plain.layer_changed.is_some() => Some(&LAYER_WRITTEN),
            () if plain.name == "low" && plain.deleted => Some(&UPSIDE_DOWN),
            () if !plain.unites() || !plain.deleted || !user.unites() || !user.deleted => None,
            () if !user.replaced => Some(&NO_USERXATTR),
            () if !plain.replaced => None,
            () if !odd.unites() => Some(&SPLIT_AT_A_COLON),
            () if missing.run.reply == Reply::Ok => Some(&SWALLOWED_THE_ERROR),
            () if missing.run.reply.is_bare_error() => Some(&BARE_ERRNO),
            () => None,
        }
    }
}
