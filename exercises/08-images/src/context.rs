//! Exercise 8.5b: a COPY that escapes its context.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.5b",
    name: "context",
    title: "a COPY that escapes its context",
    kind: Kind::Break,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "08-images",
    page: "08-images/building.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "The builder refuses a source that is a link. Path::is_symlink is about the last component. \
         What of those before it?",
        "For the defence: a look at the path, and an open afterwards, are two lookups, and every \
         component may be a link. openat2(2) does both in one: see RESOLVE_BENEATH.",
        "nix::fcntl has openat2(&directory, path, OpenHow::new().flags(…).resolve(…)), where the \
         path is relative: take the / away. File::from makes a File of what it returns.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    A_LINK_ITSELF = Mistake::new("a-link-itself",
        "The careless builder found that the source is a link.",
        "It looks at the last component of the path. There are others.");
    NOT_HERE = Mistake::new("not-here",
        "The attack wants the file itself while the context is prepared.",
        "It is on another machine, the builder's. A symbolic link is a text, and needs nothing that it \
         leads to.");
    DOTS = Mistake::new("dots",
        "A source with .. in it leads out of the context.",
        "Dots are the simplest way. What stays inside, such as dir/../page, may have them.");
    ONLY_THE_LAST = Mistake::new("only-the-last",
        "A link in the middle of the path leads out of the context.",
        "O_NOFOLLOW, is_symlink, symlink_metadata: all of them are about the last component.");
    FOLLOWS_LINKS = Mistake::new("follows-links",
        "A link in the context leads out of it.",
        "A context is an archive that somebody sent, with any links in it. The kernel follows them as \
         they are meant on this machine, unless it is told not to leave the directory.");
    SAME_BEGINNING = Mistake::new("same-beginning",
        "A way into a directory beside the context, whose name begins as the context's, was taken.",
        "/tmp/context-host begins with /tmp/context as a text. As a path it doesn't: Path::starts_with \
         compares components.");
    TOO_STRICT = Mistake::new("too-strict",
        "A source that stays in the context was refused.",
        "Contexts have links to files beside them, and COPY /page means the context's. RESOLVE_BENEATH \
         refuses what leads out, RESOLVE_NO_SYMLINKS all links.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    use anyhow::Result;
    use checker::cases::{Case, Slip, input, judge};
    use checker::{Judgement, Program, random};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        judge(program, &cases(), MISTAKES)
    }

    const ATTACK: &str = "the careless builder copies a file of its machine";
    const INSIDE: &str = "a file of the context is opened, also through links and .. that stay in it";
    const DOTTED: &str = ".. doesn't lead out, nor does a / at the beginning";
    const LINKED: &str = "a link doesn't lead out, wherever it is in the path";
    const MISSING: &str = "a file that isn't there is an error that says so";

    fn cases() -> Vec<Case> {
        let (inside, outside) =
            (format!("page {}", random::within(0..u32::MAX)), format!("key {}", random::within(0..u32::MAX)));
        let name = format!("key-{}", random::within(0..1_000_000));
        let source = |source: &str| input(&["defence", source, &inside, &outside]);
        let opened = |path: &str| {
            Case::is(INSIDE, source(path), &inside).shown(format!("COPY {path}")).slip(&TOO_STRICT, Slip::Refuses)
        };
        let refused = |claim, path: &str, mistakes: &[&'static Mistake]| {
            let case = Case::refused(claim, source(path)).shown(format!("COPY {path}"));
            mistakes.iter().fold(case.slip(&BARE_ERRNO, Slip::Bare), |case, mistake| case.or(mistake, &outside))
        };
        vec![
            Case::is(ATTACK, input(&["attack", &name, &outside]), &outside)
                .shown(format!("to copy /tmp/context-host/{name}"))
                .or(&A_LINK_ITSELF, "the builder said: a link is not copied")
                .slip(&NOT_HERE, Slip::Refuses),
            opened("page"),
            opened("/page"),
            opened("dir/file"),
            opened("dir/../page"),
            opened("link"),
            opened("dir/up"),
            refused(DOTTED, "../context-host/secret", &[&DOTS, &SAME_BEGINNING]),
            refused(DOTTED, "dir/../../context-host/secret", &[&DOTS, &SAME_BEGINNING]),
            refused(DOTTED, "/tmp/context-host/secret", &[&DOTS]),
            refused(LINKED, "out", &[&FOLLOWS_LINKS, &SAME_BEGINNING]),
            refused(LINKED, "away/secret", &[&ONLY_THE_LAST, &FOLLOWS_LINKS, &SAME_BEGINNING]),
            refused(LINKED, "dir/dots", &[&FOLLOWS_LINKS, &SAME_BEGINNING]),
            refused(MISSING, "nowhere", &[]),
        ]
    }
}
