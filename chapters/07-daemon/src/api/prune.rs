//! What a prune request's `filters` choose.
//!
//! What is removed doesn't come back: a filter that isn't known is refused, before anything is
//! removed.

use std::collections::BTreeMap;

use ch06_containers::{parse_time, seconds_of};

use super::error::ApiError;
use super::query::Query;

/// Labels and age that something must have to be removed.
#[derive(Debug, Default)]
pub struct Chosen {
    with: Vec<String>,
    without: Vec<String>,
    /// Seconds since 1970.
    until: Option<i64>,
}

impl Chosen {
    /// Of a request. `known` are the filters that it may have; the caller reads those that aren't
    /// `label`, `label!` and `until`.
    pub fn from_query(query: &Query, known: &[&str]) -> Result<Chosen, ApiError> {
        let mut filters = query.filters()?;
        if let Some(unknown) = filters.keys().find(|name| !known.contains(&name.as_str())) {
            let there_are =
                if known.is_empty() { "none is".to_string() } else { format!("there are {}", known.join(", ")) };
            return Err(ApiError::bad(format!(
                "invalid filter '{unknown}': {there_are} supported here; nothing was removed"
            )));
        }
        let mut take = |name: &str| filters.remove(name).unwrap_or_default();
        let (with, without) = (take("label"), take("label!"));
        let until = match take("until").as_slice() {
            [] => None,
            [text] => Some(seconds_of(&parse_time(text).map_err(|error| ApiError::bad(error.to_string()))?)),
            _ => return Err(ApiError::bad("invalid filter 'until': give it once; nothing was removed")),
        };
        Ok(Chosen { with, without, until })
    }

    /// Whether it goes: it has all of the labels, none of those that it must not have, and is old
    /// enough.
    pub fn includes(&self, labels: &BTreeMap<String, String>, created: &str) -> bool {
        let has = |label: &String| match label.split_once('=') {
            Some((name, value)) => labels.get(name).is_some_and(|known| known == value),
            None => labels.contains_key(label),
        };
        self.with.iter().all(has)
            && !self.without.iter().any(has)
            && self.until.is_none_or(|until| seconds_of(created) < until)
    }
}

/// A filter that is on or off.
pub fn switch(query: &Query, name: &str) -> Result<Option<bool>, ApiError> {
    let filters = query.filters()?;
    let Some(values) = filters.get(name).filter(|values| !values.is_empty()) else { return Ok(None) };
    let read = |value: &String| match value.as_str() {
        "1" | "true" | "True" => Ok(true),
        "0" | "false" | "False" => Ok(false),
        _ => Err(ApiError::bad(format!("invalid filter '{name}={value}': it is true or false; nothing was removed"))),
    };
    let read: Vec<bool> = values.iter().map(read).collect::<Result<_, _>>()?;
    match read.iter().all(|value| *value == read[0]) {
        true => Ok(Some(read[0])),
        false => Err(ApiError::bad(format!("invalid filter '{name}': it is true and false; nothing was removed"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(filters: &str) -> Result<Chosen, ApiError> {
        Chosen::from_query(&Query::parse(Some(&format!("filters={filters}"))), &["label", "label!", "until"])
    }

    #[test]
    fn labels_and_age_choose() {
        let labels = BTreeMap::from([("tier".to_string(), "web".to_string())]);
        let goes = |filters: &str, created: &str| chosen(filters).unwrap().includes(&labels, created);
        let old = "2020-01-01T00:00:00Z";
        assert!(goes("{}", old) && goes(r#"{"label":["tier"]}"#, old) && goes(r#"{"label":{"tier=web":true}}"#, old));
        assert!(!goes(r#"{"label":["tier=db"]}"#, old) && !goes(r#"{"label":["tier","x"]}"#, old));
        assert!(!goes(r#"{"label!":["tier"]}"#, old) && !goes(r#"{"label!":["x","tier=web"]}"#, old));
        assert!(goes(r#"{"label!":["tier=db"]}"#, old));
        assert!(goes(r#"{"until":["1h"]}"#, old) && !goes(r#"{"until":["1h"]}"#, &ch06_containers::now()));
        assert!(!goes(r#"{"until":["2019-01-01T00:00:00Z"]}"#, old));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for filters in [
            r#"{"colour":["red"]}"#,
            r#"{"until":["soon"]}"#,
            r#"{"until":["1h","2h"]}"#,
            r#"{"label":[5]}"#,
            r#"{"label":"x"}"#,
        ] {
            assert!(chosen(filters).is_err(), "{filters}");
        }
        let of = |value: &str| switch(&Query::parse(Some(&format!("filters={{\"all\":[{value}]}}"))), "all");
        assert_eq!(of("\"true\"").unwrap(), Some(true));
        assert_eq!(of("").unwrap(), None);
        assert!(of("\"perhaps\"").is_err() && of("\"1\",\"0\"").is_err());
    }
}
