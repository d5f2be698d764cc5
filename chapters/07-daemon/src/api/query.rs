//! What stands behind the question mark.

use std::collections::{BTreeMap, HashMap};

use ch06_containers::DetachKeys;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::error::ApiError;

/// Names and values.
#[derive(Debug, Clone, Default)]
pub struct Query(HashMap<String, Vec<String>>);

impl Query {
    /// Of a request.
    pub fn parse(text: Option<&str>) -> Query {
        let mut all: HashMap<String, Vec<String>> = HashMap::new();
        for pair in text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            all.entry(decoded(name)).or_default().push(decoded(value));
        }
        Query(all)
    }

    /// A value, if there is one and it isn't empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first().map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All values of a name.
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether it is said: `1`, `true`, `True`.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some("1" | "true" | "True" | "t" | "T" | "yes"))
    }

    /// A number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let parse = |text: &str| {
            text.parse().map_err(|_| ApiError::bad(format!("invalid {name} {text:?}: it is not a number")))
        };
        self.get(name).map(parse).transpose()
    }

    /// `detachKeys`: the keys that end an attached terminal's input.
    pub fn detach_keys(&self) -> Result<DetachKeys, ApiError> {
        self.get("detachKeys").unwrap_or_default().parse().map_err(|error| ApiError::bad(format!("{error:#}")))
    }

    /// `filters`, of these names only.
    pub fn filters_of(&self, known: &[&str]) -> Result<BTreeMap<String, Vec<String>>, ApiError> {
        let filters = self.filters()?;
        match filters.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(filters),
            Some(name) => Err(ApiError::bad(format!("invalid filter '{name}': there are {} here", known.join(", ")))),
        }
    }

    /// `platform`, which must be this machine's: `linux/amd64`, or the same as JSON.
    pub fn platform(&self) -> Result<(), ApiError> {
        let Some(text) = self.get("platform") else { return Ok(()) };
        let parsed = serde_json::from_str::<Value>(text).unwrap_or_default();
        let part = |key: &str| parsed[key].as_str().unwrap_or_default().to_string();
        let given =
            if parsed.is_object() { format!("{}/{}", part("os"), part("architecture")) } else { text.to_lowercase() };
        let (ours, machine) = (super::system::architecture(), std::env::consts::ARCH);
        let mut names = ["linux".to_string(), ours.to_string(), machine.to_string()].into_iter();
        let mut full = [ours, machine].into_iter().map(|name| format!("linux/{name}"));
        if names.any(|name| name == given) || full.any(|name| given == name || given == format!("{name}/v8")) {
            return Ok(());
        }
        Err(ApiError::bad(format!("invalid platform {text:?}: there is linux/{ours} here, and no emulation of others")))
    }

    /// `filters`, which is JSON: `{"name":{"value":true}}`, or older `{"name":["value"]}`.
    pub fn filters(&self) -> Result<BTreeMap<String, Vec<String>>, ApiError> {
        let Some(text) = self.get("filters") else { return Ok(BTreeMap::new()) };
        let wrong = || ApiError::bad(format!("invalid filters {text:?}: they must be an object of names"));
        let value: Value = serde_json::from_str(text).map_err(|_| wrong())?;
        let values = |value: &Value| match value {
            Value::Object(values) => Ok(values.keys().cloned().collect()),
            Value::Array(values) => {
                values.iter().map(|value| value.as_str().map(String::from).ok_or_else(wrong)).collect()
            }
            _ => Err(wrong()),
        };
        value.as_object().ok_or_else(wrong)?.iter().map(|(name, value)| Ok((name.clone(), values(value)?))).collect()
    }
}

/// Percent signs and plus signs.
pub fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_in_both_forms() {
        let query = Query::parse(Some("filters=%7B%22status%22%3A%7B%22exited%22%3Atrue%7D%7D&all=1"));
        assert_eq!(query.filters().unwrap()["status"], ["exited"]);
        assert!(query.flag("all") && !query.flag("other"));
        assert_eq!(Query::parse(Some("filters={\"a\":[\"b\"]}")).filters().unwrap()["a"], ["b"]);
        assert!(Query::parse(Some("filters=[]")).filters().is_err());
        assert!(Query::parse(Some("t=x")).number::<i32>("t").is_err());
        assert!(query.filters_of(&["status"]).is_ok() && query.filters_of(&["label"]).is_err());
    }

    #[test]
    fn a_platform_is_this_machines_or_refused() {
        let ours = crate::api::system::architecture();
        let machine = std::env::consts::ARCH;
        let platform = |text: &str| Query::parse(Some(&format!("platform={text}"))).platform().is_ok();
        assert!(platform("") && platform("linux") && platform(ours) && platform(&format!("linux/{ours}")));
        assert!(platform(&format!("LINUX/{machine}")));
        assert!(platform(&format!("{{\"os\":\"linux\",\"architecture\":\"{ours}\"}}")));
        assert!(!platform("linux/s390x") && !platform("windows/amd64") && !platform("{\"os\":\"linux\"}"));
    }
}
