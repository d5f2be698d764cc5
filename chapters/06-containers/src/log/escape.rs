//! Any bytes as the inside of a JSON string.

/// The form of one byte in the log, padded, and its length. As long as a register: one copy of a
/// fixed length costs less than one that depends on the length.
type Form = ([u8; 8], u8);

/// The longest, `\u001b`.
const LONGEST: usize = 6;

/// Looked up, not decided: of random bytes, a processor guesses one decision in two wrongly.
static FORMS: [Form; 256] = {
    let mut forms = [([0; 8], 0); 256];
    let mut byte = 0;
    while byte < 256 {
        forms[byte] = form(byte as u8);
        byte += 1;
    }
    forms
};

/// RFC 8259, section 7: quotation marks, backslashes and control characters are escaped. A byte
/// from 0x80 on that is no part of a character becomes U+FFFD, as in Docker's log.
const fn form(byte: u8) -> Form {
    let (high, low) = (b"0123456789abcdef"[byte as usize >> 4], b"0123456789abcdef"[byte as usize & 15]);
    match byte {
        b'\n' => (*b"\\n\0\0\0\0\0\0", 2),
        b'\t' => (*b"\\t\0\0\0\0\0\0", 2),
        b'\r' => (*b"\\r\0\0\0\0\0\0", 2),
        b'"' | b'\\' => ([b'\\', byte, 0, 0, 0, 0, 0, 0], 2),
        ..b' ' => ([b'\\', b'u', b'0', b'0', high, low, 0, 0], LONGEST as u8),
        b' '..0x80 => ([byte, 0, 0, 0, 0, 0, 0, 0], 1),
        0x80.. => (*b"\xef\xbf\xbd\0\0\0\0\0", 3),
    }
}

/// Adds bytes as the inside of a JSON string, in one pass: most of a shim's time goes into this
/// when a container writes hundreds of megabytes.
pub fn escape(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut end = out.len();
    out.resize(end + LONGEST * bytes.len() + size_of::<Form>(), 0);
    let mut put = |form: &[u8], length: usize| {
        out[end..end + form.len()].copy_from_slice(form);
        end += length;
    };
    let mut rest = bytes;
    while let Some(&byte) = rest.first() {
        if let Some((block, after)) = rest.split_first_chunk::<16>()
            && block.iter().fold(true, |plain, byte| plain & is_plain(*byte))
        {
            put(block, block.len());
            rest = after;
        } else if (0xc2..=0xf4).contains(&byte) {
            let (character, length) = first_character(rest);
            put(character, character.len());
            rest = &rest[length..];
        } else {
            let (form, length) = &FORMS[usize::from(byte)];
            put(form, usize::from(*length));
            rest = &rest[1..];
        }
    }
    out.truncate(end);
}

/// Whether a byte stands for itself, alone.
fn is_plain(byte: u8) -> bool {
    (b' '..0x80).contains(&byte) && byte != b'"' && byte != b'\\'
}

/// The character that begins with the first of these bytes, or U+FFFD; and how many bytes it takes.
fn first_character(bytes: &[u8]) -> (&[u8], usize) {
    // No character is longer than four bytes.
    let bytes = &bytes[..bytes.len().min(4)];
    let Some(chunk) = bytes.utf8_chunks().next() else { return (&[], 0) };
    match chunk.valid().chars().next() {
        Some(character) => (&bytes[..character.len_utf8()], character.len_utf8()),
        None => ("\u{fffd}".as_bytes(), chunk.invalid().len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_bytes_come_the_line_is_json_and_reads_as_the_text_that_they_are() {
        let mut random = 7u64;
        let mut bytes: Vec<u8> = (0..=255).chain(*b"caf\xc3\xa9 \xe2\x82 \xf0\x9f\x9b\xb6 \xff").collect();
        for round in 0..3000 {
            let mut json = vec![b'"'];
            escape(&mut json, &bytes);
            json.push(b'"');
            let text: String = serde_json::from_slice(&json).unwrap();
            assert_eq!(text, String::from_utf8_lossy(&bytes), "{bytes:?}");
            let mut next = || {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (random >> 33) as u8
            };
            // Of all bytes; and of those that begin, continue and break characters.
            bytes = match round % 2 {
                0 => (0..300).map(|_| next()).collect(),
                _ => (0..40).map(|_| b"\xe2\x82\xac\xf0\x9f\x9b\xb6\xed\xa0a\""[usize::from(next()) % 11]).collect(),
            };
        }
    }
}
