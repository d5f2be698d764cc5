//! What crosses to the process that becomes the lab: words of its command line, which `ps` shows as
//! well.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::limits::Limits;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// The process that called [`Lab::command`](crate::Lab::command); the lab doesn't outlive it.
    pub launcher: i32,
    pub as_caller: bool,
    pub time_limit: Option<Duration>,
    pub limits: Limits,
    pub visible: Vec<OsString>,
    pub writable: Vec<OsString>,
    pub shared_mounts: bool,
    pub own_cgroups: bool,
}

impl Request {
    /// What [`from_words`](Request::from_words) reads. The last word is `--`: the program and its
    /// arguments follow.
    pub fn words(&self) -> Vec<OsString> {
        let Request { launcher, as_caller, time_limit, limits, visible, writable, shared_mounts, own_cgroups } = self;
        let mut words = Words(Vec::new());
        words.value("--launcher", launcher.to_string());
        words.flag("--as-caller", *as_caller);
        if let Some(limit) = time_limit {
            let most = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
            words.value("--time-limit-ns", most.to_string());
        }
        if let Some(bytes) = limits.memory {
            words.value("--memory", bytes.to_string());
        }
        if let Some(most) = limits.processes {
            words.value("--processes", most.to_string());
        }
        visible.iter().for_each(|path| words.value("--visible", path));
        writable.iter().for_each(|path| words.value("--writable", path));
        words.flag("--shared-mounts", *shared_mounts);
        words.flag("--own-cgroups", *own_cgroups);
        words.flag("--", true);
        words.0
    }

    /// Takes the request's words; what is left are the program's.
    pub fn from_words(words: &mut impl Iterator<Item = OsString>) -> Result<Request> {
        let mut request = Request::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word:?} without a value"));
            match word.to_str().unwrap_or_default() {
                "--launcher" => request.launcher = number(value()?)?,
                "--as-caller" => request.as_caller = true,
                "--time-limit-ns" => request.time_limit = Some(Duration::from_nanos(number(value()?)?)),
                "--memory" => request.limits.memory = Some(number(value()?)?),
                "--processes" => request.limits.processes = Some(number(value()?)?),
                "--visible" => request.visible.push(value()?),
                "--writable" => request.writable.push(value()?),
                "--shared-mounts" => request.shared_mounts = true,
                "--own-cgroups" => request.own_cgroups = true,
                "--" if request.launcher > 0 => return Ok(request),
                "--" => bail!("a request without --launcher"),
                _ => bail!("{word:?} is no word of a request"),
            }
        }
        bail!("a request ends with --")
    }
}

struct Words(Vec<OsString>);

impl Words {
    fn flag(&mut self, name: &str, set: bool) {
        self.0.extend(set.then(|| name.into()));
    }

    fn value(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.0.extend([name.into(), value.as_ref().into()]);
    }
}

fn number<N: std::str::FromStr>(word: OsString) -> Result<N> {
    let number = word.to_str().and_then(|word| word.parse().ok());
    number.with_context(|| format!("{word:?} is no number, or too large a one"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn read(words: &[&str]) -> Result<Request> {
        Request::from_words(&mut words.iter().map(OsString::from))
    }

    #[test]
    fn a_request_arrives_as_it_was_and_leaves_the_programs_words() {
        let whole = Request {
            launcher: 7,
            as_caller: true,
            time_limit: Some(Duration::from_micros(1500)),
            limits: Limits { memory: Some(u64::MAX), processes: Some(0) },
            // Any bytes, and what looks like a word of ours.
            visible: vec![OsString::from_vec(vec![b'/', 0xff, b'\n']), "--".into()],
            writable: vec!["/a b".into()],
            shared_mounts: true,
            own_cgroups: true,
        };
        for request in [whole, Request { launcher: 1, ..Request::default() }] {
            let mut words = request.words().into_iter().chain(["sh".into(), "--memory".into()]);
            assert_eq!(Request::from_words(&mut words).expect("our own words"), request);
            assert_eq!(words.collect::<Vec<_>>(), ["sh", "--memory"]);
        }
    }

    #[test]
    fn other_words_are_no_request() {
        for words in [&["--"][..], &["--memory"], &["--memory", "much", "--"], &["--as-caller"], &["sh"], &[]] {
            assert!(read(words).is_err(), "{words:?}");
        }
    }
}
