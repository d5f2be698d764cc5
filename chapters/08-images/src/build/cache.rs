//! What was built before: an entry of the index remembers by which step an image was made.

use ch04_unionfs::digest::Digest;

use anyhow::Result;

use crate::layout::{Found, ImageStore};

// ANCHOR: key
/// The key of a step: a digest of its parent image, of its instruction with replaced variables, and
/// of the copied files. It doesn't depend on times, or on data that RUN gets from a network. So a
/// cached `apt-get update` may be out of date.
pub fn key(parent: Option<Digest>, instruction: &str, copied: Option<Digest>) -> Digest {
    let parent = parent.map(|parent| parent.to_string()).unwrap_or_default();
    let copied = copied.map(|copied| copied.to_string()).unwrap_or_default();
    Digest::compute(format!("{parent}\n{instruction}\n{copied}").as_bytes())
}
// ANCHOR_END: key

/// The image that a step made before, if it is still there and whole.
pub fn find(images: &ImageStore, key: &Digest) -> Result<Option<Found>> {
    Ok(images.by_cache_key(key)?.filter(|found| {
        found.layer().is_none_or(|layer| images.layers().layer(&layer).is_ok_and(|layer| layer.is_some()))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_changes_with_each_of_its_parts() {
        let (a, b) = (Some(Digest::compute(b"a")), Some(Digest::compute(b"b")));
        let key_a = key(a, "RUN x", None);
        assert_eq!(key_a, key(a, "RUN x", None));
        for other in [key(b, "RUN x", None), key(None, "RUN x", None), key(a, "RUN y", None), key(a, "RUN x", b)] {
            assert_ne!(key_a, other);
        }
    }
}
