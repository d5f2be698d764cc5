//! Exercise 8.5b: attack a builder through its context, and the defence.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.5b",
    name: "context",
    title: "attack a builder through its context, and the defence",
    kind: Kind::Break,
    minutes: 30,
    difficulty: Difficulty::Medium,
    chapter: "08-images",
    page: "08-images/building.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "The builder refuses a source that is a link. But Path::is_symlink checks only the last component of \
         a path. What about the other components?",
        "If the defence checks the path and then opens it, these are two lookups, and every component may be \
         a link. openat2(2) does both in one lookup: see RESOLVE_BENEATH.",
        "nix::fcntl has openat2(&directory, path, OpenHow::new().flags(…).resolve(…)). The path must be \
         relative, so remove the /. File::from converts its result to a File.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    A_LINK_ITSELF = Mistake::new("a-link-itself",
        "The insecure builder noticed that the source is a link.",
        "It checks the last component of the path. Use another component.");
    NOT_HERE = Mistake::new("not-here",
        "The attack needs the file when it prepares the context.",
        "The file is on the builder's machine. A symbolic link only contains a path, and its target need not \
         exist.");
    DOTS = Mistake::new("dots",
        "A source with .. in it leads out of the context.",
        "Refuse paths that leave the context. A path that stays inside, such as dir/../page, may contain dots.");
    ONLY_THE_LAST = Mistake::new("only-the-last",
        "A link in the middle of the path leads out of the context.",
        "O_NOFOLLOW, is_symlink and symlink_metadata affect only the last component of a path.");
    FOLLOWS_LINKS = Mistake::new("follows-links",
        "A link in the context leads out of it.",
        "A context comes from an untrusted source and may contain any links. The kernel follows them on the \
         builder's machine, unless you forbid it to leave the directory.");
    SAME_BEGINNING = Mistake::new("same-beginning",
        "The function opened a file in another directory, whose name begins with the context's name.",
        "As a string, /tmp/context-host begins with /tmp/context, but not as a path. Path::starts_with \
         compares whole components.");
    TOO_STRICT = Mistake::new("too-strict",
        "The function refuses a source that stays in the context.",
        "A context may contain links to its own files, and COPY /page means a file of the context. \
         RESOLVE_BENEATH refuses only paths that lead out. RESOLVE_NO_SYMLINKS refuses all links.");
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

    const ATTACK: &str = "the insecure builder copies a file of its machine";
    const INSIDE: &str = "a file of the context is opened, also through links and .. that stay within it";
    const DOTTED: &str = "neither .. nor a / at the beginning leads out";
    const LINKED: &str = "a link doesn't lead out, wherever it is in the path";
    const MISSING: &str = "if the file doesn't exist, the function returns an error with a context";

    fn cases() -> Vec<Case> {
        let (inside, outside) =
            (format!("page {}", random::within(0..u32::MAX)), format!("key {}", random::within(0..u32::MAX)));
        let name = format!("key-{}", random::within(0..1_000_000));
        let source = |source: &str| input(&["defence", source, &inside, &outside]);
        let opened = |path: &str| {
            Case::expects(INSIDE, source(path), &inside)
                .displayed_as(format!("COPY {path}"))
                .slip(&TOO_STRICT, Slip::Refuses)
        };
        let refused = |claim, path: &str, mistakes: &[&'static Mistake]| {
            let case = Case::refused(claim, source(path)).displayed_as(format!("COPY {path}"));
            mistakes.iter().fold(case.slip(&BARE_ERRNO, Slip::Bare), |case, mistake| case.or(mistake, &outside))
        };
        vec![
            Case::expects(ATTACK, input(&["attack", &name, &outside]), &outside)
                .displayed_as(format!("to copy /tmp/context-host/{name}"))
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
