//! Extended headers: pax(1), and GNU tar's and star's additions.

use std::ffi::CString;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};

use super::sparse::SparseKeys;

/// When a file was last modified, since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Modified {
    pub seconds: i64,
    pub nanoseconds: i64,
}

impl Modified {
    /// A number that can't be a time is no time.
    pub fn from_seconds(seconds: u64) -> Modified {
        Modified { seconds: i64::try_from(seconds).unwrap_or_default(), nanoseconds: 0 }
    }

    /// `1700000000.123456789`, also before 1970.
    fn parse(text: &str) -> Result<Modified> {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
        let (seconds, nanoseconds): (i64, i64) = (number(seconds)?, number(&digits)?);
        ensure!((0..1_000_000_000).contains(&nanoseconds), "the time {text:?} is no time");
        let before_1970 = text.starts_with('-') && nanoseconds > 0;
        match before_1970 {
            false => Ok(Modified { seconds, nanoseconds }),
            true => Ok(Modified {
                seconds: seconds.checked_sub(1).context("a time too long ago")?,
                nanoseconds: 1_000_000_000 - nanoseconds,
            }),
        }
    }
}

/// What one header says, as far as it means something to us.
#[derive(Debug, Default)]
pub(super) struct Pax {
    pub path: Option<Vec<u8>>,
    pub linkpath: Option<Vec<u8>>,
    pub size: Option<u64>,
    pub uid: Option<u64>,
    pub gid: Option<u64>,
    pub modified: Option<Modified>,
    pub capability: Option<Vec<u8>>,
    /// Attributes that users may give a file, but for those in which overlayfs keeps its own notes: an
    /// archive that sets these would say what is deleted in other layers, or where files are to be
    /// looked for.
    pub attributes: Vec<(CString, Vec<u8>)>,
    pub sparse: SparseKeys,
    /// A key that changes what is made.
    matters: Option<String>,
}

impl Pax {
    /// Records of the form `LENGTH KEY=VALUE\n`; the length counts the whole record.
    pub fn parse(mut text: &[u8]) -> Result<Pax> {
        let mut pax = Pax::default();
        while !text.is_empty() {
            let (record, rest) = split_record(text).context("a damaged pax header")?;
            let equals = record.iter().position(|byte| *byte == b'=').context("a pax record without a value")?;
            let key = std::str::from_utf8(&record[..equals]).context("a pax record's key is no text")?;
            pax.set(key, &record[equals + 1..]).with_context(|| format!("the pax record {key:?}"))?;
            text = rest;
        }
        Ok(pax)
    }

    fn set(&mut self, key: &str, value: &[u8]) -> Result<()> {
        let text = || std::str::from_utf8(value).context("a value that is no text");
        match key {
            "path" => self.path = Some(value.to_vec()),
            "linkpath" => self.linkpath = Some(value.to_vec()),
            "size" => self.size = Some(number(text()?)?),
            "uid" => self.uid = Some(number(text()?)?),
            "gid" => self.gid = Some(number(text()?)?),
            "mtime" => self.modified = Some(Modified::parse(text()?)?),
            "SCHILY.xattr.security.capability" => self.capability = Some(value.to_vec()),
            _ if key.starts_with("SCHILY.xattr.user.") => {
                let key = &key["SCHILY.xattr.".len()..];
                if !key.starts_with("user.overlay.") {
                    self.attributes.push((CString::new(key)?, value.to_vec()));
                }
            }
            _ => match key.strip_prefix("GNU.sparse.") {
                Some(key) => self.sparse.set(key, value)?,
                // Names of owners, other times, other attributes: nothing that we set.
                None => return Ok(()),
            },
        }
        self.matters = Some(key.to_string());
        Ok(())
    }

    /// For a header about all members to come: `git archive` writes its commit there, as a comment.
    /// One that renames or resizes them all is nobody's honest archive.
    pub fn refuse_if_it_matters(&self) -> Result<()> {
        match &self.matters {
            Some(key) => bail!("a global pax header sets {key:?} for all members: that is not supported"),
            None => Ok(()),
        }
    }
}

fn split_record(text: &[u8]) -> Result<(&[u8], &[u8])> {
    let space = text.iter().take(20).position(|byte| *byte == b' ').context("a record without a length")?;
    let length: usize = number(std::str::from_utf8(&text[..space])?)?;
    ensure!(space + 1 < length && length <= text.len(), "a record of {length} bytes");
    let (record, rest) = text.split_at(length);
    let record = record.strip_suffix(b"\n").context("a record without an end")?;
    Ok((&record[(space + 1).min(record.len())..], rest))
}

/// A decimal number.
pub(super) fn number<N: FromStr>(text: &str) -> Result<N> {
    text.parse().ok().with_context(|| format!("{text:?} is no number here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_split_by_their_lengths() {
        let pax = Pax::parse(b"12 path=a\nb\n21 mtime=12.50000000\n").unwrap();
        assert_eq!(pax.path.unwrap(), b"a\nb");
        assert_eq!(pax.modified.unwrap(), Modified { seconds: 12, nanoseconds: 500_000_000 });
    }

    #[test]
    fn a_time_before_1970_is_one() {
        let modified = Modified::parse("-1.25").unwrap();
        assert_eq!(modified, Modified { seconds: -2, nanoseconds: 750_000_000 });
        assert_eq!(Modified::parse("-3").unwrap().seconds, -3);
    }

    #[test]
    fn a_damaged_record_is_refused() {
        for damaged in ["x", "99 path=a\n", "3 a", "0 path=a\n", "5 a=\n\n", "18446744073709551615 a=b\n", "8 path=a\n"]
        {
            assert!(Pax::parse(damaged.as_bytes()).is_err(), "{damaged:?}");
        }
        assert!(Pax::parse(b"11 size=-1\n").is_err());
    }

    #[test]
    fn a_global_header_may_comment_and_not_rename() {
        assert!(Pax::parse(b"13 comment=a\n").unwrap().refuse_if_it_matters().is_ok());
        assert!(Pax::parse(b"10 path=a\n").unwrap().refuse_if_it_matters().is_err());
    }
}
