//! Exercise 8.2a: store a verified blob.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "8.2a",
    name: "verified",
    title: "store a verified blob",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "08-images",
    page: "08-images/blobs.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "A program that looks for the file must never find an incomplete or wrong one. Which call makes a \
         complete file appear at once? Which name does the file have until then?",
        "In a loop: read a piece, count its bytes, hash it, write it. read() returns how many bytes of the \
         buffer are new; the rest still has the previous piece. Stop as soon as there is one byte too many.",
        "Write one function for all steps that may fail. Its caller removes the temporary file if the result \
         is an error. The digest as text: \
         hasher.finalize().iter().map(|byte| format!(\"{byte:02x}\")).collect::<String>().",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    NOT_VERIFIED = Mistake::new("not-verified",
        "The function stored content with the wrong digest.",
        "An attacker between you and the registry could choose what you run. Compare the digest of the content \
         with the expected one.");
    WHOLE_BUFFER = Mistake::new("whole-buffer",
        "If the content arrives in short pieces, the digest is wrong.",
        "read() may fill only a part of the buffer, and returns the number of bytes. The rest of the buffer is \
         old. Reads from a network are often short, reads from a file rarely.");
    IN_PLACE = Mistake::new("in-place",
        "The file existed before all of the content had arrived.",
        "Another program that looks for this digest finds an incomplete file, and after a kill -9 it stays \
         incomplete. Write to another name, and use rename(2) when the file is complete.");
    IN_MEMORY = Mistake::new("in-memory",
        "The function wrote nothing until all of the content had arrived.",
        "So all of it was in memory, but layers may have gigabytes. Hash and write each piece as it arrives.");
    READS_ON = Mistake::new("reads-on",
        "The function read endless content without stopping.",
        "The manifest gives the size. If the content is longer, it is wrong, so stop before the disk is full.");
    LENGTH_IGNORED = Mistake::new("length-ignored",
        "The function stored content with the right digest but the wrong size.",
        "The manifest is then inconsistent and must not be trusted. Check both.");
    LEFT_BEHIND = Mistake::new("left-behind",
        "After an error, the incomplete file is still there.",
        "It is useless and takes disk space. A `?` leaves the function at once, so write one function for the \
         steps that may fail, and clean up in its caller.");
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

    const KEPT: &str = "content with the right size and digest is stored, in whatever pieces it arrives";
    const GROWS: &str = "the content is written to the disk as it arrives, under another name";
    const WRONG: &str = "for content with a wrong digest or size, there is an error, and no file is left";
    const ENDLESS: &str = "of endless content, only slightly more than the size is read";
    const FAILS: &str = "if something can't be read or written, there is an error with a context, and no file is left";

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
            Case::expects(claim, blob.input(how, blob.size(), &blob.digest()), WHOLE)
                .displayed_as(format!("{} bytes, {shown}", blob.size()))
                .or(&IN_PLACE, EARLY)
        };
        let wrong = |claim, blob: &Blob, how: &str, size: usize, digest: &str, shown: &str| {
            Case::refused(claim, blob.input(how, size, digest))
                .displayed_as(format!("{} bytes, {shown}", blob.size()))
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
