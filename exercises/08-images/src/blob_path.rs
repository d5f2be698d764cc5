//! Exercise 8.2b: a digest that becomes a path.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.2b",
    name: "blob_path",
    title: "a digest that becomes a path",
    kind: Kind::Break,
    minutes: 20,
    difficulty: Difficulty::Easy,
    chapter: "08-images",
    page: "08-images/blobs.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "The store checks how long the text is, and not what is in it. Which texts of 64 bytes does \
         the kernel take for the same path as the target?",
        "Path::join with a text that begins with / forgets what it is joined to. And ///etc/x is \
         /etc/x. format! can fill up to a width: {:x>5} fills with x, on the left.",
        "For the defence, don't list what is bad. Say what is good: the prefix, 64 bytes, each of them \
         one of 16 characters. char::is_ascii_hexdigit takes six more.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    TOO_SHORT = Mistake::new("too-short",
        "The store found that the digest hasn't got 64 digits.",
        "It counts bytes. Some bytes can be added to a path without changing what it leads to.");
    TWO_NAMES = Mistake::new("two-names",
        "A digest in capital letters was taken.",
        "The same blob would have two names, and the store two files, one of which nobody removes. \
         The specification says: lower-case. is_ascii_hexdigit takes both.");
    NO_LENGTH = Mistake::new("no-length",
        "A digest with too few digits, or too many, was taken.",
        "sha256: with nothing behind it is the directory itself, and whoever removes that blob \
         removes all of them.");
    ANOTHER_ALGORITHM = Mistake::new("another-algorithm",
        "A digest of another algorithm was taken.",
        "Its file stands among those of sha256, and what is in it was never verified by that.");
    ONLY_DOTS = Mistake::new("only-dots",
        "Texts with .. are refused; others that are no digest aren't.",
        "That is a list of what is bad, and it never is complete: an absolute path needs no dots. Say \
         what is good.");
    ONLY_LENGTH = Mistake::new("only-length",
        "Any 64 characters are taken for a digest.",
        "That is what the careless store does. Look at each of the characters.");
    PANICS = Mistake::new("panics",
        "A text that is no digest makes the function panic.",
        "&digest[..7] panics if there are fewer bytes, or if the seventh is in the middle of a \
         letter. strip_prefix doesn't. A daemon that panics is down, and the text is a stranger's.");
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

    const ATTACK: &str = "the careless store gives out a file that isn't in it";
    const GOOD: &str = "a digest is the file of that name in the store";
    const PATHS: &str = "a path is no digest, with or without dots, of any length";
    const ALMOST: &str = "what is almost a digest is none";

    fn cases() -> Vec<Case> {
        let secret = format!("secret {}", random::within(0..u32::MAX));
        let target = format!("/tmp/host-{}/key", random::within(0..1_000_000));
        let hex: String = (0..8).map(|_| format!("{:08x}", random::within(0..u32::MAX))).collect();
        // In capital letters it has to be another one.
        let hex = &format!("{}a", &hex[..63]);
        let mut cases = vec![
            Case::is(ATTACK, input(&["attack", &target, &secret]), &secret)
                .shown(format!("to read {target}"))
                .or(&TOO_SHORT, "the store said: a digest has 64 digits"),
            Case::is(GOOD, input(&["defence", &format!("sha256:{hex}")]), format!("/srv/blobs/sha256/{hex}"))
                .shown(format!("sha256:{hex}")),
        ];
        let refused = |claim, digest: &str, mistakes: &[&'static Mistake]| {
            let shown = if digest.is_empty() { "an empty text" } else { digest };
            let case = Case::refused(claim, input(&["defence", digest])).shown(shown);
            mistakes.iter().fold(case.slip(&PANICS, Slip::Panics), |case, mistake| case.slip(mistake, Slip::Accepts))
        };
        let padded = format!("{:/>64}", target);
        let dots = format!("{:.<64}", "../../../../../etc/");
        cases.extend([
            refused(PATHS, &format!("sha256:{padded}"), &[&ONLY_DOTS, &ONLY_LENGTH]),
            refused(PATHS, &format!("sha256:{target}"), &[&ONLY_DOTS]),
            refused(PATHS, "sha256:../../../../etc/passwd", &[]),
            refused(PATHS, &format!("sha256:{dots}"), &[&ONLY_LENGTH]),
            refused(ALMOST, &format!("sha256:{}", hex.to_uppercase()), &[&TWO_NAMES, &ONLY_DOTS, &ONLY_LENGTH]),
            refused(ALMOST, "sha256:", &[&NO_LENGTH, &ONLY_DOTS]),
            refused(ALMOST, &format!("sha256:{}", &hex[1..]), &[&NO_LENGTH, &ONLY_DOTS]),
            refused(ALMOST, &format!("sha256:{hex}0"), &[&NO_LENGTH, &ONLY_DOTS]),
            refused(ALMOST, &format!("sha256:{}g", &hex[1..]), &[&ONLY_DOTS, &ONLY_LENGTH]),
            refused(ALMOST, &format!("sha256:{}é", &hex[2..]), &[&ONLY_DOTS, &ONLY_LENGTH]),
            refused(ALMOST, &format!("sha512:{hex}"), &[&ANOTHER_ALGORITHM]),
            refused(ALMOST, hex, &[&ANOTHER_ALGORITHM]),
            refused(ALMOST, "", &[]),
            refused(ALMOST, "shaé56:", &[&ANOTHER_ALGORITHM]),
        ]);
        cases
    }
}
