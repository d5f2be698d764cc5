//! Single keys, without Enter.

use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::unistd::read;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Hint,
    Next,
    Again,
    Quit,
    /// Any other: says which there are.
    Help,
}

/// The keys, for the line below a result.
pub const WHICH: &str = "h hint   n next exercise   c check again   q quit";

/// What was typed. The terminal's end is a wish to quit.
pub fn typed() -> Vec<Key> {
    let mut bytes = [0; 64];
    match read(io::stdin().as_fd(), &mut bytes) {
        Ok(0) => vec![Key::Quit],
        Ok(length) => meaning(&bytes[..length]),
        Err(Errno::EINTR | Errno::EAGAIN) => Vec::new(),
        Err(_) => vec![Key::Quit],
    }
}

fn meaning(bytes: &[u8]) -> Vec<Key> {
    // An arrow or function key: a sequence, with letters in it.
    if bytes.first() == Some(&b'\x1b') {
        return Vec::new();
    }
    let key = |byte: &u8| match byte.to_ascii_lowercase() {
        b'h' => Key::Hint,
        b'n' => Key::Next,
        b'c' | b'\n' | b'\r' | b' ' => Key::Again,
        // Ctrl-D
        b'q' | 4 => Key::Quit,
        _ => Key::Help,
    };
    bytes.iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_the_same_with_caps_lock() {
        assert_eq!(meaning(b"hN"), [Key::Hint, Key::Next]);
        assert_eq!(meaning(b"\r cq"), [Key::Again, Key::Again, Key::Again, Key::Quit]);
        assert_eq!(meaning(b"?\x04"), [Key::Help, Key::Quit]);
    }

    #[test]
    fn an_arrow_key_is_none_of_the_letters_in_it() {
        assert_eq!(meaning(b"\x1b[A"), []);
        assert_eq!(meaning(b"\x1bOn"), []);
    }
}
