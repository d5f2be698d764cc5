//! Exercise 8.5a: repair the key of a build step.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.5a",
    name: "cache_key",
    title: "repair the key of a build step",
    kind: Kind::Repair,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "08-images",
    page: "08-images/building.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "The check shows two builds, and whether they should have the same key. Which properties of a file \
         are hashed, but aren't in the image? Which ones are in the image, but aren't hashed?",
        "`git clone` makes the same files with other times, in another place, and in any order. chmod \
         changes an image without changing any content. A link is copied as a link, but fs::metadata follows \
         it.",
        "Hashing \"ab\" and then \"c\" is the same as hashing \"a\" and then \"bc\". Write the length before \
         each field, and the number of entries before each directory. fs::symlink_metadata(…)?.mode() \
         contains the type and the permissions.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    TIMES = Mistake::new("times",
        "The key depends on the files' times.",
        "After each git clone, all steps would run again. The files in the image get the time of the copy.");
    ORDER = Mistake::new("order",
        "The key depends on the order in which the files were made.",
        "readdir returns names in the file system's order. Sort them.");
    PLACE = Mistake::new("place",
        "The key depends on the path of the context.",
        "Two people may have the same files in different places. Hash the names within the context.");
    NO_MODE = Mistake::new("no-mode",
        "chmod doesn't change the key.",
        "If you make a script executable with chmod, the builder still uses the old layer from the cache.");
    NO_NAMES = Mistake::new("no-names",
        "Renaming a file doesn't change the key.",
        "The image would contain the file under its old name.");
    GLUED = Mistake::new("glued",
        "Two different steps have the same key, because the hashed fields aren't separated.",
        "Write the length before each field, and the number of entries before each directory.");
    FOLLOWED = Mistake::new("followed",
        "The function followed a link.",
        "The image contains the link itself, so hash the link's type and target. The target may not exist, \
         may be very large, or may be outside of the context.");
    NO_PARENT = Mistake::new("no-parent",
        "The key doesn't depend on the parent image, or on the instruction.",
        "After a change of FROM, the builder would still use the old results.");
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

    const KEPT: &str = "the same files have the same key, independent of their place, times and order";
    const CHANGED: &str = "another parent, instruction, name, mode or content gives another key";
    const APART: &str = "fields with shifted boundaries give another key";
    const LINKS: &str = "a link counts as a link, and not as its target";
    const REFUSED: &str = "if the directory can't be read, the function returns an error with a context";

    const SAME: &str = "the same key";
    const ANOTHER: &str = "another key";

    fn cases() -> Vec<Case> {
        let number = || random::within(1_000_000..2_000_000);
        let (a, b, time) = (&format!("a{}", number()), &format!("b{}", number()), number());
        let (parent, run, copy) = (&format!("sha256:{}", number()), &format!("RUN {a}"), "COPY . /srv");
        let file = |name: &str, content: &str| format!("f {name} 644 {time} {content}");
        let two = |claim, one: [&str; 3], other: [&str; 3], wanted: &str| {
            Case::expects(claim, input(&[one, other].concat()), wanted)
        };
        let copied = |claim, one: &str, other: &str, wanted: &str| {
            let case = two(claim, [parent, copy, one], [parent, copy, other], wanted);
            // Whoever takes in where it is, has another key each time.
            if wanted == SAME { case.or(&PLACE, ANOTHER) } else { case }
        };
        let many: Vec<String> = (0..7).map(|number| file(&format!("{a}{number}"), b)).collect();
        let backwards: Vec<String> = many.iter().rev().cloned().collect();
        let (plain, dirs) = (file("page", a), format!("d src|{}|d empty", file("src/page", a)));
        let (ab, a_b) = (file("ab", "c"), file("a", "bc"));
        let deep = format!("d one|{}|{}", file("one/a", "x"), file("one/b", "x"));
        let flat = format!("d one|{}|{}", file("one/a", "x"), file("b", "x"));
        let (to_page, to_other) = (format!("{plain}|l to page"), format!("{plain}|l to other"));
        let (same_text, dangling) = (format!("{plain}|{}", file("to", a)), format!("{plain}|l to nowhere"));
        vec![
            copied(KEPT, &dirs, &dirs, SAME),
            two(KEPT, [parent, run, ""], [parent, run, ""], SAME),
            copied(KEPT, &plain, &format!("f page 644 {} {a}", time + 60), SAME).or(&TIMES, ANOTHER),
            copied(KEPT, &many.join("|"), &backwards.join("|"), SAME).or(&ORDER, ANOTHER),
            copied(CHANGED, &plain, &file("page", b), ANOTHER),
            copied(CHANGED, &plain, &format!("f page 755 {time} {a}"), ANOTHER).or(&NO_MODE, SAME),
            copied(CHANGED, &plain, &file(b, a), ANOTHER).or(&NO_NAMES, SAME),
            copied(CHANGED, &plain, &format!("{plain}|d {b}"), ANOTHER).or(&NO_NAMES, SAME),
            two(CHANGED, [parent, run, ""], [b, run, ""], ANOTHER).or(&NO_PARENT, SAME),
            two(CHANGED, [parent, run, ""], [parent, &format!("RUN {b}"), ""], ANOTHER).or(&NO_PARENT, SAME),
            copied(APART, &ab, &a_b, ANOTHER).or(&GLUED, SAME).or(&NO_NAMES, SAME),
            two(APART, [a, "1RUN x", ""], [&format!("{a}1"), "RUN x", ""], ANOTHER)
                .or(&GLUED, SAME)
                .or(&NO_PARENT, SAME),
            copied(APART, &deep, &flat, ANOTHER).or(&GLUED, SAME).or(&NO_NAMES, SAME),
            copied(LINKS, &to_page, &dangling, ANOTHER).slip(&FOLLOWED, Slip::Refuses).or(&FOLLOWED, SAME),
            copied(
                LINKS,
                &format!("{to_page}|{}", file("other", a)),
                &format!("{to_other}|{}", file("other", a)),
                ANOTHER,
            )
            .or(&FOLLOWED, SAME),
            copied(LINKS, &to_page, &same_text, ANOTHER).or(&FOLLOWED, SAME).or(&NO_MODE, SAME),
            copied(LINKS, &dangling, &dangling, SAME).slip(&FOLLOWED, Slip::Refuses),
            Case::refused(REFUSED, input(&[parent, copy, "missing", parent, copy, "missing"]))
                .slip(&BARE_ERRNO, Slip::Bare),
        ]
    }
}
