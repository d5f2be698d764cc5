//! Exercise 7.4: send two streams over one connection.

use exercise::{Difficulty, Exercise, Kind, Mistake};

pub const EXERCISE: Exercise = Exercise {
    id: "7.4",
    name: "frames",
    title: "send two streams over one connection",
    kind: Kind::Build,
    minutes: 35,
    difficulty: Difficulty::Medium,
    chapter: "07-daemon",
    page: "07-daemon/frames.md",
    shown_by: "",
    needs_cgroups: false,
    hints: &[
        "A connection doesn't preserve boundaries: one write may arrive in three reads, and three frames \
         in one read. So you always have a buffer with the bytes that have arrived. Is the first frame in \
         it complete?",
        "A frame is complete if the buffer has the 8 bytes of the header, and then as many bytes as the \
         header says. If bytes are missing, don't change the buffer, and return the frames that you have.",
        "Use u32::to_be_bytes and u32::from_be_bytes. received.get(..8) is None if there are fewer than \
         8 bytes. received.drain(..8 + length) removes a frame from the buffer and keeps the rest.",
    ],
    mistakes: MISTAKES,
};

exercise::mistakes! {
    HALF_A_HEADER = Mistake::new("half-a-header",
        "The function panics if only a part of a header has arrived.",
        "A read may return a single byte. Check the length of the buffer first.");
    GIVES_PARTS = Mistake::new("gives-parts",
        "The function returns a frame before all of it has arrived.",
        "The rest of the frame is then read as a header, although it is text. Wait for the complete frame.");
    DROPS_THE_REST = Mistake::new("drops-the-rest",
        "An incomplete frame is lost.",
        "Its beginning won't arrive a second time. Keep it in the buffer for the next call.");
    ONLY_THE_FIRST = Mistake::new("only-the-first",
        "If several frames have arrived, only one is returned.",
        "The user sees the others only when more bytes arrive, which may never happen.");
    ANY_STREAM = Mistake::new("any-stream",
        "Bytes that aren't a frame are accepted as a frame.",
        "If a terminal's raw bytes or an error page arrive instead, their first byte isn't a valid stream, \
         and bytes 5 to 8 make a length of a gigabyte or more. The client then waits forever.");
    LITTLE_ENDIAN = Mistake::new("little-endian",
        "The length has its least significant byte first.",
        "Your processor stores numbers in this order, but protocols use the opposite order, with the most \
         significant byte first. Use to_be_bytes.");
    WITH_THE_HEADER = Mistake::new("with-the-header",
        "The length includes the header.",
        "It must be the length of the bytes after the header.");
}

#[cfg(feature = "checks")]
pub mod check {
    //! Bytes in pieces, and what a correct function and each of the mistakes makes of them.

    use anyhow::Result;
    use checker::cases::{self, Case, Slip, input};
    use checker::{Judgement, Program, random};

    use super::*;

    pub fn check(program: &Program) -> Result<Judgement> {
        cases::judge(program, &all_cases(), MISTAKES)
    }

    const FRAME: &str = "frame returns stream, three zero bytes, length, bytes";
    const WHOLE: &str = "unframe returns all complete frames, in order";
    const CUT: &str = "a frame that arrives in pieces is returned once, when it is complete";
    const REFUSED: &str = "for bytes that aren't a frame, the function returns an error";

    /// Letters, so that a mistake can be read.
    fn text(length: std::ops::Range<u32>) -> Vec<u8> {
        (0..random::within(length)).map(|_| b'a' + random::within(0..26) as u8).collect()
    }

    fn framed(stream: u8, bytes: &[u8]) -> Vec<u8> {
        framed_by("", stream, bytes)
    }

    fn all_cases() -> Vec<Case> {
        let (short, long, other) = (text(9..20), text(300..700), text(9..20));
        let three = [framed(1, &short), framed(2, &long), framed(1, &other)].concat();
        let cut = |at: usize| vec![three[..at].to_vec(), three[at..].to_vec()];
        let with_empty = [framed(1, &[]), framed(2, &other)].concat();
        let binary: Vec<u8> = vec![0, 1, 2, 0, 0, 255, 10, 0, random::within(0..256) as u8];
        let no_frames = [b"HTTP/1.1 404 Not Found\r\n".to_vec(), framed(1, &short)[1..].to_vec(), framed(7, &short)];
        let mut cases = vec![
            frame_case(1, &short),
            frame_case(2, &long),
            frame_case(1, &binary),
            frame_case(2, &[]),
            unframe_case(WHOLE, &[framed(2, &short)]),
            unframe_case(WHOLE, &[framed(2, &long)]),
            unframe_case(WHOLE, &[framed(1, &binary)]),
            unframe_case(WHOLE, std::slice::from_ref(&three)),
            unframe_case(WHOLE, &[with_empty]),
            unframe_case(CUT, &cut(8 + short.len() / 2)),
            unframe_case(CUT, &cut(8)),
            unframe_case(CUT, &cut(3)),
            unframe_case(CUT, &cut(8 + short.len() + 5)),
            unframe_case(CUT, &framed(1, &short).iter().map(|byte| vec![*byte]).collect::<Vec<_>>()),
        ];
        cases.extend(no_frames.map(|bytes| unframe_case(REFUSED, &[bytes])));
        cases
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// As a person can read them; the middle of many is left out.
    fn format_bytes(bytes: &[u8]) -> String {
        match bytes.len() {
            0..40 => format!("\"{}\"", bytes.escape_ascii()),
            many => {
                let (first, last) = (bytes[..16].escape_ascii(), bytes[many - 16..].escape_ascii());
                format!("\"{first}…{last}\" ({many} bytes)")
            }
        }
    }

    fn frame_case(stream: u8, bytes: &[u8]) -> Case {
        let words = input(&["frame", &stream.to_string(), &hex(bytes)]);
        let framed = |slip: &str| {
            let frame = framed_by(slip, stream, bytes);
            format!("{} {}", hex(&frame[..8]), format_bytes(&frame[8..]))
        };
        let case =
            Case::expects(FRAME, words, framed("")).displayed_as(format!("stream {stream}, {}", format_bytes(bytes)));
        MISTAKES.iter().fold(case, |case, mistake| case.or(mistake, framed(mistake.id)))
    }

    fn unframe_case(claim: &'static str, pieces: &[Vec<u8>]) -> Case {
        let hexes: Vec<String> = pieces.iter().map(|piece| hex(piece)).collect();
        let words: Vec<&str> = ["unframe"].into_iter().chain(hexes.iter().map(String::as_str)).collect();
        let case = match unframed_by("", pieces) {
            Ok(text) => Case::expects(claim, input(&words), text),
            Err(_) => Case::refused(claim, input(&words)),
        };
        let pieces_shown: Vec<String> = pieces.iter().map(|piece| format_bytes(piece)).collect();
        let case = case.displayed_as(match pieces.len() {
            0..3 => pieces_shown.join(", then "),
            many => format!("{many} pieces, the first of them {}", pieces_shown[0]),
        });
        MISTAKES.iter().fold(case, |case, mistake| {
            let slip = unframed_by(mistake.id, pieces).map_or_else(|slip| slip, Slip::Returns);
            case.slip(mistake, slip)
        })
    }

    fn framed_by(slip: &str, stream: u8, bytes: &[u8]) -> Vec<u8> {
        let length = bytes.len() as u32 + if slip == WITH_THE_HEADER.id { 8 } else { 0 };
        let length = if slip == LITTLE_ENDIAN.id { length.to_le_bytes() } else { length.to_be_bytes() };
        [&[stream, 0, 0, 0], &length, bytes].concat()
    }

    /// What comes of each piece, and how much is left in the buffer.
    fn unframed_by(slip: &str, pieces: &[Vec<u8>]) -> Result<String, Slip> {
        let mut buffer = Vec::new();
        let mut printed = Vec::new();
        for piece in pieces {
            buffer.extend_from_slice(piece);
            printed.push(line(&frames_of(slip, &mut buffer)?));
        }
        Ok(format!("{}; left: {}", printed.join("; "), buffer.len()))
    }

    /// As the program around the answer prints it.
    fn line(frames: &[(u8, Vec<u8>)]) -> String {
        let one = |(stream, bytes): &(u8, Vec<u8>)| format!("{stream} {}", format_bytes(bytes));
        if frames.is_empty() { "nothing".into() } else { frames.iter().map(one).collect::<Vec<_>>().join(", ") }
    }

    fn frames_of(slip: &str, buffer: &mut Vec<u8>) -> Result<Vec<(u8, Vec<u8>)>, Slip> {
        let mut frames = Vec::new();
        while !buffer.is_empty() {
            let Some(header) = buffer.get(..8) else {
                if slip == HALF_A_HEADER.id {
                    return Err(Slip::Panics);
                }
                break;
            };
            let stream = header[0];
            if !(1..=2).contains(&stream) && slip != ANY_STREAM.id {
                return Err(Slip::Refuses);
            }
            let length = [header[4], header[5], header[6], header[7]];
            let length = if slip == LITTLE_ENDIAN.id { u32::from_le_bytes(length) } else { u32::from_be_bytes(length) };
            let mut end = length as usize + if slip == WITH_THE_HEADER.id { 0 } else { 8 };
            if end < 8 {
                return Err(Slip::Panics);
            }
            if slip == GIVES_PARTS.id {
                end = end.min(buffer.len());
            }
            if buffer.len() < end {
                break;
            }
            frames.push((stream, buffer.drain(..end).skip(8).collect()));
            if slip == ONLY_THE_FIRST.id {
                break;
            }
        }
        if slip == DROPS_THE_REST.id {
            buffer.clear();
        }
        Ok(frames)
    }
}
