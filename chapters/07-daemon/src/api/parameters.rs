//! Query parameters that a route honours. Any other one that says something is refused, before
//! anything is done: a client that asks for less memory, another platform or a filter must not
//! believe that it has it.

use super::error::ApiError;
use super::query::Query;

/// A method, a path and the parameters that it honours. In a path, `*` is one component, and `**` a
/// name that may have slashes in it.
pub type Known = (&'static str, &'static str, &'static [&'static str]);

/// This chapter's.
pub const KNOWN: &[Known] = &[
    ("GET", "events", &["since", "until", "filters"]),
    ("GET", "system/df", &["type"]),
    ("GET", "containers/json", &["all", "limit", "filters"]),
    ("POST", "containers/create", &["name", "platform"]),
    ("POST", "containers/prune", &["filters"]),
    ("GET", "containers/*/json", &[]),
    ("POST", "containers/*/start", &["detachKeys"]),
    ("POST", "containers/*/stop", &["t", "signal"]),
    ("POST", "containers/*/restart", &["t", "signal"]),
    ("POST", "containers/*/kill", &["signal"]),
    ("POST", "containers/*/pause", &[]),
    ("POST", "containers/*/unpause", &[]),
    ("POST", "containers/*/rename", &["name"]),
    ("POST", "containers/*/wait", &["condition"]),
    ("POST", "containers/*/attach", &["detachKeys", "logs", "stream", "stdin", "stdout", "stderr"]),
    ("POST", "containers/*/resize", &["h", "w"]),
    ("GET", "containers/*/logs", &["follow", "stdout", "stderr", "since", "until", "timestamps", "tail"]),
    ("GET", "containers/*/top", &["ps_args"]),
    ("GET", "containers/*/stats", &["stream", "one-shot"]),
    ("GET", "containers/*/changes", &[]),
    ("GET", "containers/*/export", &[]),
    ("DELETE", "containers/*", &["v", "force"]),
    ("POST", "containers/*/exec", &[]),
    ("POST", "exec/*/start", &[]),
    ("POST", "exec/*/resize", &["h", "w"]),
    ("GET", "exec/*/json", &[]),
    ("GET", "volumes", &["filters"]),
    ("POST", "volumes/create", &[]),
    ("POST", "volumes/prune", &["filters"]),
    ("GET", "volumes/*", &[]),
    ("DELETE", "volumes/*", &["force"]),
    ("GET", "networks", &["filters"]),
    ("POST", "networks/create", &[]),
    ("POST", "networks/prune", &["filters"]),
    // There are no swarms: what is verbose about one has nothing to say.
    ("GET", "networks/*", &["verbose", "scope"]),
    ("DELETE", "networks/*", &[]),
];

// ANCHOR: check
/// Refuses what says something and is not honoured. A route that isn't in a table is somebody
/// else's to refuse.
pub fn check(method: &str, path: &[&str], query: &Query, tables: &[&[Known]]) -> Result<(), ApiError> {
    let is_route = |known: &&Known| known.0 == method && fits(known.1, path);
    let Some((_, route, known)) = tables.iter().copied().flatten().find(is_route) else { return Ok(()) };
    match query.names().find(|name| !known.contains(name) && query.all(name).iter().any(|value| says_something(value)))
    {
        None => Ok(()),
        Some(name) => Err(ApiError::bad(format!(
            "invalid request: the parameter {name} of {method} /{route} is not supported by Coracle\ncure: omit it"
        ))),
    }
}
// ANCHOR_END: check

/// Whether a value is more than what clients send for "nothing".
pub fn says_something(value: &str) -> bool {
    !matches!(value, "" | "0" | "false" | "False" | "null" | "[]" | "{}")
}

fn fits(pattern: &str, path: &[&str]) -> bool {
    let mut parts: Vec<&str> = pattern.split('/').collect();
    if let Some(place) = parts.iter().position(|part| *part == "**") {
        let Some(more) = (path.len() + 1).checked_sub(parts.len()).filter(|more| *more > 0) else { return false };
        parts.splice(place..=place, std::iter::repeat_n("*", more));
    }
    parts.len() == path.len() && parts.iter().zip(path).all(|(part, given)| *part == "*" || part == given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: &str, path: &str, query: &str) -> Option<String> {
        let path: Vec<&str> = path.split('/').collect();
        let more: &[Known] = &[("GET", "images/**/json", &["manifests"])];
        check(method, &path, &Query::parse(Some(query)), &[KNOWN, more]).err().map(|error| error.message)
    }

    #[test]
    fn a_parameter_that_is_not_honoured_is_refused_by_its_name() {
        let told = refused("GET", "containers/json", "all=1&size=1").unwrap();
        assert!(told.contains("the parameter size of GET /containers/json is not supported"), "{told}");
        assert!(refused("GET", "images/docker.io/library/a/json", "platform=x").is_some());
        assert!(refused("DELETE", "containers/a", "link=1").is_some());
    }

    #[test]
    fn what_is_honoured_or_says_nothing_passes() {
        assert_eq!(refused("GET", "containers/json", "all=1&size=0&since=&filters={}"), None);
        assert_eq!(refused("GET", "images/docker.io/library/a/json", "manifests=1"), None);
        assert_eq!(refused("GET", "no/such/route", "x=1"), None);
    }

    #[test]
    fn paths_fit_their_patterns_and_no_others() {
        assert!(fits("images/**/json", &["images", "a", "json"]) && fits("a/*", &["a", "b"]));
        assert!(!fits("images/**/json", &["images", "json"]) && !fits("a/*", &["a"]) && !fits("a", &["b"]));
    }
}
