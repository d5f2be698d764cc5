//! Which events a client wants.

use std::collections::BTreeMap;

use crate::api::error::ApiError;
use crate::api::query::Query;
use crate::daemon::{Change, Kind};

/// Docker's. Of some of them there is nothing here: such a filter chooses no event.
const KNOWN: [&str; 14] = [
    "config",
    "container",
    "daemon",
    "event",
    "image",
    "label",
    "network",
    "node",
    "plugin",
    "scope",
    "secret",
    "service",
    "type",
    "volume",
];

/// Values by name: an event must have one of each name's values, and all labels.
pub struct Filters(BTreeMap<String, Vec<String>>);

/// Those of a request.
pub fn of_query(query: &Query) -> Result<Filters, ApiError> {
    let filters = query.filters()?;
    match filters.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        None => Ok(Filters(filters)),
        Some(unknown) => Err(ApiError::bad(format!("invalid filter '{unknown}'"))),
    }
}

impl Filters {
    /// Whether they choose it.
    pub fn include(&self, change: &Change) -> bool {
        self.0.iter().all(|(name, values)| match name.as_str() {
            "label" => values.iter().all(|label| has_label(change, label)),
            _ => values.iter().any(|value| fits(change, name, value)),
        })
    }
}

fn fits(change: &Change, filter: &str, value: &str) -> bool {
    let attribute = |name: &str| change.attributes.get(name).map_or("", String::as_str);
    let is_it = |kind: Kind| change.kind == kind && (change.id.starts_with(value) || attribute("name") == value);
    match filter {
        "type" => value == change.kind.name(),
        "scope" => value == "local",
        // An action may have a command behind it: `exec_create: ls`.
        "event" => change.action == value || change.action.split_once(": ").is_some_and(|(action, _)| action == value),
        "container" => is_it(Kind::Container),
        "network" => is_it(Kind::Network),
        "volume" => change.kind == Kind::Volume && change.id == value,
        "image" => {
            let name = match change.kind {
                Kind::Container => attribute("image"),
                Kind::Image => attribute("name"),
                Kind::Network | Kind::Volume => return false,
            };
            [change.id.as_str(), name].iter().any(|name| *name == value || without_tag(name) == value)
        }
        _ => false,
    }
}

/// A name without its tag. (A registry's port is not one.)
fn without_tag(name: &str) -> &str {
    name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(bare, _)| bare)
}

fn has_label(change: &Change, label: &str) -> bool {
    match label.split_once('=') {
        Some((label, value)) => change.attributes.get(label).is_some_and(|known| known == value),
        None => change.attributes.contains_key(label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(change: &Change, filters: &str) -> bool {
        of_query(&Query::parse(Some(&format!("filters={filters}")))).unwrap().include(change)
    }

    #[test]
    fn any_value_of_a_filter_chooses_and_all_filters_must() {
        let id = "0123456789abcdef";
        let create =
            Change::new(Kind::Container, "exec_create: ls -l", id).with("name", "web").with("image", "nginx:1");
        let create = create.with("tier", "front").with("keep", "");
        for filters in [
            "{}",
            r#"{"type":["image","container"]}"#,
            r#"{"container":["web"],"event":["exec_create"]}"#,
            r#"{"container":["0123456789ab"]}"#,
            r#"{"image":["nginx"]}"#,
            r#"{"image":["nginx:1"],"scope":["local"]}"#,
            r#"{"label":["tier=front","keep"]}"#,
        ] {
            assert!(chosen(&create, filters), "{filters}");
        }
        for filters in [
            r#"{"type":["network"]}"#,
            r#"{"container":["web"],"event":["exec_start"]}"#,
            r#"{"container":["we"]}"#,
            r#"{"network":["web"]}"#,
            r#"{"volume":["web"]}"#,
            r#"{"image":["nginx:2"]}"#,
            r#"{"label":["tier=front","none"]}"#,
            r#"{"secret":["web"]}"#,
        ] {
            assert!(!chosen(&create, filters), "{filters}");
        }
        assert_eq!(without_tag("registry:5000/a"), "registry:5000/a");
    }
}
