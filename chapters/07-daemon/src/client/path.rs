//! Paths of requests.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A path in the making: a name in it may have any letters.
#[derive(Debug, Clone)]
pub struct Path {
    path: String,
    query: String,
}

impl Path {
    /// Of parts.
    pub fn new(parts: &[&str]) -> Path {
        let path = parts.iter().map(|part| format!("/{}", utf8_percent_encode(part, &KEPT))).collect();
        Path { path, query: String::new() }
    }

    /// With a value behind the question mark.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Path {
        let separator = if self.query.is_empty() { '?' } else { '&' };
        self.query += &format!("{separator}{name}={}", utf8_percent_encode(&value.to_string(), &KEPT));
        self
    }

    /// With a value, if there is one.
    pub fn with_some(self, name: &str, value: Option<impl fmt::Display>) -> Path {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a flag, if it is set.
    pub fn with_flag(self, name: &str, is_set: bool) -> Path {
        if is_set { self.with(name, 1) } else { self }
    }

    /// With filters, if there are some.
    pub fn with_filters(self, filters: &BTreeMap<String, Vec<String>>) -> Path {
        if filters.is_empty() { self } else { self.with("filters", serde_json::json!(filters)) }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.path, self.query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        let path = Path::new(&["containers", "a/../b?c", "json"]).with_flag("all", true).with("x", "a b&c");
        assert_eq!(path.to_string(), "/containers/a%2F..%2Fb%3Fc/json?all=1&x=a%20b%26c");
    }
}
