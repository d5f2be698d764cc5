//! Words for a shell.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// One word, whatever bytes it holds: within single quotes nothing is special but the single quote.
pub(crate) fn quoted(word: impl AsRef<OsStr>) -> Vec<u8> {
    let mut text = vec![b'\''];
    for &byte in word.as_ref().as_bytes() {
        match byte {
            b'\'' => text.extend(b"'\\''"),
            byte => text.push(byte),
        }
    }
    text.push(b'\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_shell_reads_back_the_same_bytes() {
        for word in ["", "a b", "it's", "$HOME `id` \\ \"x\"", "two\nlines", "-n"] {
            let mut script = b"printf %s ".to_vec();
            script.extend(quoted(word));
            let done = Command::new("sh").arg("-c").arg(OsStr::from_bytes(&script)).output().expect("sh");
            assert_eq!(done.stdout, word.as_bytes());
        }
    }
}
