//! `--detach-keys`: the keys by which a client leaves a container to itself.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// A sequence of keys, as the bytes that a terminal in raw mode sends for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachKeys(Vec<u8>);

impl Default for DetachKeys {
    /// Ctrl-P Ctrl-Q.
    fn default() -> DetachKeys {
        DetachKeys(vec![16, 17])
    }
}

/// Ctrl clears the upper bits of these: Ctrl-A is 1 (ascii(7)).
const WITH_CTRL: &[u8] = b"@abcdefghijklmnopqrstuvwxyz[\\]^_";

const DELETE: u8 = 127;

// ANCHOR: parse
impl FromStr for DetachKeys {
    type Err = anyhow::Error;

    /// Docker's spelling: keys with commas between them, each a character, `ctrl-` and a character, or
    /// `DEL`. Nothing at all means the usual keys.
    fn from_str(text: &str) -> Result<DetachKeys> {
        if text.is_empty() {
            return Ok(DetachKeys::default());
        }
        let keys = text.split(',').map(|key| {
            parse_key(key).with_context(|| {
                format!(
                    "invalid detach keys {text:?}: {key:?} is not a key\ncure: use characters, ctrl-a to ctrl-z, ctrl-@, \
                     ctrl-[, ctrl-\\, ctrl-], ctrl-^, ctrl-_ and DEL, with commas between them, such as ctrl-x,d"
                )
            })
        });
        keys.collect::<Result<_>>().map(DetachKeys)
    }
}

fn parse_key(key: &str) -> Option<u8> {
    match (key.as_bytes(), key.strip_prefix("ctrl-").map(str::as_bytes)) {
        ([byte], _) => Some(*byte),
        (b"DEL", _) => Some(DELETE),
        (_, Some([byte])) if WITH_CTRL.contains(byte) => Some(byte & 0x1f),
        _ => None,
    }
}
// ANCHOR_END: parse

impl fmt::Display for DetachKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match *byte {
                DELETE => f.write_str("DEL")?,
                byte if byte < 32 => write!(f, "ctrl-{}", char::from(WITH_CTRL[usize::from(byte)]))?,
                byte => write!(f, "{}", char::from(byte))?,
            }
        }
        Ok(())
    }
}

/// Looks for the keys in what somebody types, perhaps in several reads.
#[derive(Debug)]
pub struct KeySearch {
    keys: DetachKeys,
    /// Typed, and perhaps the beginning of the keys.
    held: Vec<u8>,
}

impl KeySearch {
    /// For these keys.
    pub fn new(keys: DetachKeys) -> KeySearch {
        KeySearch { keys, held: Vec::new() }
    }

    /// What is to be sent, and whether the person leaves.
    pub fn take(&mut self, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(bytes.len() + self.held.len());
        for byte in bytes {
            self.held.push(*byte);
            while !self.keys.0.starts_with(&self.held) {
                out.push(self.held.remove(0));
            }
            if self.held.len() == self.keys.0.len() {
                return (out, true);
            }
        }
        (out, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> DetachKeys {
        text.parse().unwrap()
    }

    #[test]
    fn keys_are_spelt_as_dockers() {
        assert_eq!(keys("ctrl-p,ctrl-q"), DetachKeys::default());
        assert_eq!(keys(""), DetachKeys::default());
        assert_eq!(keys("a").0, [b'a']);
        assert_eq!(keys("ctrl-a,ctrl-z,ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_").0, [1, 26, 0, 27, 28, 29, 30, 31]);
        assert_eq!(keys("DEL,~,Q").0, [127, b'~', b'Q']);
        for text in ["ctrl-p,ctrl-q", "DEL,~,Q", "ctrl-\\,x", "ctrl-@"] {
            assert_eq!(keys(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        for (text, key) in [
            ("ctrl-1", "ctrl-1"),
            ("ctrl-P", "ctrl-P"),
            ("a,,b", ""),
            ("a,", ""),
            ("ctrl-p ctrl-q", "ctrl-p ctrl-q"),
            ("x,shift-a", "shift-a"),
            ("ctrl-", "ctrl-"),
            ("ä", "ä"),
        ] {
            let message = text.parse::<DetachKeys>().unwrap_err().to_string();
            assert!(message.contains(&format!("{key:?} is not a key")) && message.contains("cure:"), "{message}");
        }
    }

    #[test]
    fn keys_are_seen_across_reads_and_one_alone_goes_through() {
        let mut search = KeySearch::new(DetachKeys::default());
        assert_eq!(search.take(b"a\x10"), (b"a".to_vec(), false));
        assert_eq!(search.take(b"\x11 not this"), (vec![], true));
        let mut search = KeySearch::new(DetachKeys::default());
        assert_eq!(search.take(b"\x10b\x10\x10c"), (b"\x10b\x10\x10c".to_vec(), false));
    }

    #[test]
    fn keys_may_begin_within_what_looked_like_their_beginning() {
        for (typed, sent) in [(&b"aab"[..], &b""[..]), (b"aaab", b"a"), (b"aacaab", b"aac"), (b"abaab", b"ab")] {
            let mut search = KeySearch::new(keys("a,a,b"));
            let mut out = Vec::new();
            let left = typed.iter().any(|byte| {
                let (bytes, left) = search.take(&[*byte]);
                out.extend(bytes);
                left
            });
            assert!(left && out == sent, "{typed:?}: {out:?}");
        }
    }
}
