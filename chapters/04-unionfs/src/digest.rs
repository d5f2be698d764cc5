//! Names made of content: digests, diff ids and chain ids, as the OCI image specification defines
//! them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A sha256 digest, written `sha256:` and 64 hexadecimal digits. Nothing else gets past
/// [`FromStr`], so that a digest from somebody's archive can become a file name: `"../../x"` can't
/// (OCI image-spec, descriptor.md, "Digests").
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// The digest of a layer's uncompressed archive: what the layer changes.
pub type DiffId = Digest;

/// The digest of a layer together with all below it.
pub type ChainId = Digest;

impl Digest {
    /// The digest of some bytes.
    pub fn compute(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    pub(crate) fn from_hasher(hasher: Sha256) -> Digest {
        Digest(hasher.finalize().into())
    }

    /// The 64 digits, as a file name.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first 12 digits, for people.
    pub fn short(&self) -> String {
        self.hex()[..12].into()
    }

    /// From 64 digits without the prefix, as in a file name.
    pub fn from_hex(hex: &str) -> Result<Digest, String> {
        format!("sha256:{hex}").parse()
    }
}

/// A digest in the making.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Adds some bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes so far.
    pub fn digest(self) -> Digest {
        Digest::from_hasher(self.0)
    }
}

// ANCHOR: chain_id
/// The chain id of a layer on top of its parent. Images with the same lower layers have the same
/// chain ids for them. On another parent, the layer has another chain id (OCI image-spec,
/// config.md, "Layer ChainID").
pub fn chain_id(parent: Option<&ChainId>, diff: &DiffId) -> ChainId {
    match parent {
        None => *diff,
        Some(parent) => Digest::compute(format!("{parent} {diff}").as_bytes()),
    }
}
// ANCHOR_END: chain_id

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Digest, String> {
        let wrong = || format!("invalid digest {text:?}: it must be sha256: and 64 digits of 0-9 and a-f");
        let hex = text.strip_prefix("sha256:").ok_or_else(wrong)?;
        if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit)) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Digest(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Digest, String> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_is_printed_as_it_was_read() {
        assert_eq!(EMPTY.parse::<Digest>().unwrap().to_string(), EMPTY);
        assert_eq!(Digest::compute(b"").to_string(), EMPTY);
    }

    #[test]
    fn what_is_no_digest_never_becomes_a_file_name() {
        for bad in ["", "sha256:", "../../x", "sha256:../../x", "md5:00", &EMPTY.to_uppercase(), &EMPTY[..70]] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
            assert!(serde_json::from_value::<Digest>(bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_first_layers_chain_id_is_its_diff_id_and_order_counts() {
        let (a, b) = (Digest::compute(b"a"), Digest::compute(b"b"));
        assert_eq!(chain_id(None, &a), a);
        assert_eq!(chain_id(Some(&a), &b), Digest::compute(format!("{a} {b}").as_bytes()));
        assert_ne!(chain_id(Some(&a), &b), chain_id(Some(&b), &a));
    }
}
