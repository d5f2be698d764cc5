//! Exercise 8.2a: a stream, verified while it is written.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.2a",
    name: "verified",
    title: "a stream, verified while it is written",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "08-images",
    page: "08-images/blobs.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "Somebody who looks for the file must never find half of it, nor a wrong one. Which call makes \
         a whole file appear at once? And under which name does it grow until then?",
        "One loop: read a piece, count it, hash it, write it. read() says how many bytes of the buffer \
         are new; the others are the last piece's. Stop as soon as there is one byte too many.",
        "Let one function do all that may fail, and return its Result to another one that removes the \
         growing file if it is an error. The digest as text: \
         hasher.finalize().iter().map(|byte| format!(\"{byte:02x}\")).collect::<String>().",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NOT_VERIFIED = Mistake::new("not-verified",
        "Content of another digest was kept.",
        "Whoever stands between you and the registry chooses what you run. The digest of what came has \
         to be compared with the one that was promised.");
    WHOLE_BUFFER = Mistake::new("whole-buffer",
        "Content that comes in short pieces has the wrong digest.",
        "read() fills a part of the buffer, and says how much. What is behind that is old. A network \
         gives short pieces all the time, a file hardly ever.");
    IN_PLACE = Mistake::new("in-place",
        "The file was there before all of it had come.",
        "Somebody else who looks for this digest finds half of it; and after a kill -9 it stays like \
         that for ever. It has to grow under another name. rename(2) makes it appear, whole.");
    IN_MEMORY = Mistake::new("in-memory",
        "Nothing was written until all had come.",
        "It was in memory, then. Layers have gigabytes. Hash and write each piece as it comes.");
    READS_ON = Mistake::new("reads-on",
        "A body without an end was read without an end.",
        "The manifest says how long it is. What is longer is wrong already: stop there, before the disk \
         is full.");
    LENGTH_IGNORED = Mistake::new("length-ignored",
        "The digest is right, the length is another one than was promised; it was kept.",
        "A manifest that contradicts itself is none. Compare both.");
    LEFT_BEHIND = Mistake::new("left-behind",
        "After an error, the half file is still there.",
        "Nobody will ever look at it, and it takes its space. Each `?` in the middle leaves the \
         function: let one function do what may fail, and another one clean up.");
    BARE_ERRNO = exercise::BARE_ERRNO;
}

#[cfg(feature = "checks")]
pub mod check {
    use anyhow::Result;
    use checker::cases::{Case, Slip, input, judge};
    use checker::{Judgement, Program, random};
    use sha2::{Digest, Sha256};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        judge(program, &cases(), MISTAKES)
    }

    const KEPT: &str = "what is as it was promised is in the file, however it comes";
    const GROWS: &str = "it goes to the disk as it comes, under another name";
    const WRONG: &str = "content of another digest or length is an error, and nothing is left of it";
    const ENDLESS: &str = "of a body without an end, little more is read than was promised";
    const FAILS: &str = "what can't be read or written is an error that says so, and nothing is left";

    const WHOLE: &str = "the file, whole";
    const EARLY: &str = "the file was there before all had come";
    const HALF: &str = "an error, and half a file is left";

    struct Blob {
        text: String,
        times: u32,
    }

    impl Blob {
        fn new(times: u32) -> Blob {
            Blob { text: format!("{:08x} ", random::within(0..u32::MAX)), times }
        }

        fn size(&self) -> usize {
            self.text.len() * self.times as usize
        }

        fn digest(&self) -> String {
            let digest = Sha256::digest(self.text.repeat(self.times as usize));
            format!("sha256:{}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }

        fn input(&self, how: &str, size: usize, digest: &str) -> String {
            input(&[how, &self.text, &self.times.to_string(), &size.to_string(), digest])
        }
    }

    fn cases() -> Vec<Case> {
        let good = |claim, how: &str, blob: &Blob, shown: &str| {
            Case::is(claim, blob.input(how, blob.size(), &blob.digest()), WHOLE)
                .shown(format!("{} bytes, {shown}", blob.size()))
                .or(&IN_PLACE, EARLY)
        };
        let wrong = |claim, blob: &Blob, how: &str, size: usize, digest: &str, shown: &str| {
            Case::refused(claim, blob.input(how, size, digest))
                .shown(format!("{} bytes, {shown}", blob.size()))
                .or(&LEFT_BEHIND, HALF)
                .or(&IN_PLACE, "an error, and the file is there")
        };
        let (small, other, large) =
            (Blob::new(random::within(50..100)), Blob::new(60), Blob::new(random::within(180_000..200_000)));
        let digest = small.digest();
        // Under an answer that hashes the whole buffer the last piece, which is short, is wrong, too.
        let pieces = good(KEPT, "pieces", &Blob::new(random::within(900..1000)), "in short pieces");
        vec![
            good(KEPT, "at once", &small, "at once").slip(&WHOLE_BUFFER, Slip::Refuses).or(&WHOLE_BUFFER, HALF),
            pieces.slip(&WHOLE_BUFFER, Slip::Refuses).or(&WHOLE_BUFFER, HALF),
            good(KEPT, "at once", &Blob { text: String::new(), times: 0 }, "at once"),
            good(GROWS, "at once", &large, "as a network gives them")
                .or(&IN_MEMORY, "nothing was on the disk until all had come")
                .slip(&WHOLE_BUFFER, Slip::Refuses)
                .or(&WHOLE_BUFFER, HALF),
            wrong(WRONG, &small, "at once", small.size(), &other.digest(), "whose digest is another one")
                .slip(&NOT_VERIFIED, Slip::Accepts),
            wrong(WRONG, &small, "at once", small.size() + 1, &digest, "one too few")
                .or(&LENGTH_IGNORED, WHOLE)
                .or(&NOT_VERIFIED, WHOLE),
            wrong(WRONG, &small, "at once", small.size() - 1, &digest, "one too many")
                .or(&LENGTH_IGNORED, WHOLE)
                .slip(&NOT_VERIFIED, Slip::Accepts),
            wrong(ENDLESS, &small, "endless", 1000, &digest, "and more, without an end")
                .slip(&READS_ON, Slip::Accepts)
                .slip(&LENGTH_IGNORED, Slip::Accepts),
            wrong(FAILS, &small, "cut", small.size(), &digest, "cut in the middle").slip(&BARE_ERRNO, Slip::Bare),
            wrong(FAILS, &small, "nowhere", small.size(), &digest, "into a directory that isn't there")
                .slip(&BARE_ERRNO, Slip::Bare),
        ]
    }
}
