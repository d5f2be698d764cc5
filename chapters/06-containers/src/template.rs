//! `--format '{{.State.Status}}'`: the part of Docker's templates that people use: dotted paths,
//! and `json`.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Fills a template with a value's parts.
pub fn fill(template: &str, value: &Value) -> Result<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        text.push_str(&unescaped(&rest[..start]));
        let inner = &rest[start + 2..];
        let end = inner.find("}}").with_context(|| format!("invalid template {template:?}: a {{{{ has no }}}}"))?;
        text.push_str(&evaluate(inner[..end].trim(), value)?);
        rest = &inner[end + 2..];
    }
    text.push_str(&unescaped(rest));
    Ok(text)
}

fn unescaped(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n")
}

fn evaluate(expression: &str, value: &Value) -> Result<String> {
    match expression.strip_prefix("json ").map(str::trim) {
        Some(path) => Ok(serde_json::to_string(part(path, value)?)?),
        None => Ok(match part(expression, value)? {
            Value::String(text) => text.clone(),
            Value::Null => "<no value>".into(),
            other => other.to_string(),
        }),
    }
}

fn part<'a>(path: &str, value: &'a Value) -> Result<&'a Value> {
    let Some(names) = path.strip_prefix('.') else {
        bail!("invalid template {path:?}: use dotted paths, such as {{{{.State.Status}}}}, or json in front of one")
    };
    let mut found = value;
    for name in names.split('.').filter(|name| !name.is_empty()) {
        found = found.get(name).with_context(|| {
            let known: Vec<_> = found.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect();
            format!("the template uses {path}, but there is no {name}: there are {}", known.join(", "))
        })?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_and_json_are_filled_in() {
        let value = json!({"Name": "/web", "State": {"Status": "running", "Pid": 7}, "Args": ["a"]});
        assert_eq!(fill("{{.Name}}: {{ .State.Status }}", &value).unwrap(), "/web: running");
        assert_eq!(fill("{{json .Args}}\\t{{.State.Pid}}", &value).unwrap(), "[\"a\"]\t7");
        assert_eq!(fill("{{json .}}", &json!(1)).unwrap(), "1");
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let error = fill("{{.State.Foo}}", &json!({"State": {"Status": 1}})).unwrap_err().to_string();
        assert!(error.contains("no Foo") && error.contains("Status"), "{error}");
        assert!(fill("{{.State", &json!({})).is_err());
        assert!(fill("{{range .}}", &json!({})).is_err());
    }
}
