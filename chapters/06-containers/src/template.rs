//! `--format '{{.State.Status}}'`: the part of Go's templates that people use with Docker: dotted
//! paths, `json`, `len`, `index`, `range` and `if`.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Fills a template with a value's parts.
pub fn fill(template: &str, value: &Value) -> Result<String> {
    let (nodes, end) = parse(&mut &*template)?;
    if let Some(end) = end {
        bail!("invalid template {template:?}: {{{{{end}}}}} without range or if");
    }
    let mut text = String::new();
    render(&nodes, value, &mut text)?;
    Ok(text)
}

/// A piece of a template.
enum Node {
    Text(String),
    Expression(String),
    /// For each element; and otherwise.
    Range(String, Vec<Node>, Vec<Node>),
    If(String, Vec<Node>, Vec<Node>),
}

/// Up to an `end` or `else` that isn't its own, which is returned, too.
fn parse(rest: &mut &str) -> Result<(Vec<Node>, Option<String>)> {
    let mut nodes = Vec::new();
    while let Some((before, inner)) = rest.split_once("{{") {
        nodes.push(Node::Text(unescaped(before)));
        let closed = inner.split_once("}}");
        let (action, after) = closed.with_context(|| format!("invalid template: {{{{{inner:?} has no }}}}"))?;
        *rest = after;
        let action = action.trim();
        match action.split_once(' ').unwrap_or((action, "")) {
            ("end" | "else", "") => return Ok((nodes, Some(action.into()))),
            (kind @ ("range" | "if"), of) => {
                let (inner, mut end) = parse(rest)?;
                let mut otherwise = Vec::new();
                if end.as_deref() == Some("else") {
                    (otherwise, end) = parse(rest)?;
                }
                if end.as_deref() != Some("end") {
                    bail!("invalid template: {{{{{action}}}}} has no {{{{end}}}}");
                }
                let of = of.trim().to_string();
                let is_range = kind == "range";
                nodes.push(if is_range { Node::Range(of, inner, otherwise) } else { Node::If(of, inner, otherwise) });
            }
            _ => nodes.push(Node::Expression(action.into())),
        }
    }
    nodes.push(Node::Text(unescaped(rest)));
    Ok((nodes, None))
}

fn render(nodes: &[Node], dot: &Value, out: &mut String) -> Result<()> {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Expression(expression) => match evaluate(expression, dot)? {
                Value::Null => out.push_str("<no value>"),
                value => out.push_str(&shown(&value)),
            },
            Node::Range(of, inner, otherwise) => {
                let elements: Vec<Value> = match evaluate(of, dot)? {
                    Value::Array(elements) => elements,
                    Value::Object(fields) => fields.into_iter().map(|(_, value)| value).collect(),
                    Value::Null => Vec::new(),
                    other => bail!("the template has range over {other}, which is no list"),
                };
                elements.iter().try_for_each(|element| render(inner, element, out))?;
                if elements.is_empty() {
                    render(otherwise, dot, out)?;
                }
            }
            Node::If(of, inner, otherwise) => {
                let chosen = if is_true(&evaluate(of, dot)?) { inner } else { otherwise };
                render(chosen, dot, out)?;
            }
        }
    }
    Ok(())
}

fn unescaped(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n")
}

/// As Go prints it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".into(),
        Value::Array(elements) => format!("[{}]", elements.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}:{}", shown(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
        other => other.to_string(),
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) => true,
    }
}

fn evaluate(expression: &str, dot: &Value) -> Result<Value> {
    let (function, argument) = expression.split_once(' ').unwrap_or((expression, ""));
    let argument = argument.trim();
    match function {
        "json" => Ok(serde_json::to_string(part(argument, dot)?)?.into()),
        "len" => Ok(match part(argument, dot)? {
            Value::Array(elements) => elements.len().into(),
            Value::Object(fields) => fields.len().into(),
            other => shown(other).len().into(),
        }),
        "index" => {
            let (path, keys) = argument.split_once(' ').with_context(|| format!("{expression:?} needs a key"))?;
            let keys = keys.split_whitespace().map(|key| key.trim_matches(['"', '`']));
            let element = |of: &Value, key: &str| match of {
                Value::Array(elements) => key.parse().ok().and_then(|index: usize| elements.get(index).cloned()),
                other => other.get(key).cloned(),
            };
            Ok(keys.fold(part(path, dot)?.clone(), |of, key| element(&of, key).unwrap_or_default()))
        }
        _ => part(expression, dot).cloned(),
    }
}

fn part<'a>(path: &str, value: &'a Value) -> Result<&'a Value> {
    let Some(names) = path.strip_prefix('.').filter(|names| !names.contains(' ')) else {
        bail!(
            "invalid template {path:?}: use dotted paths, such as {{{{.State.Status}}}}; or json, len, index, range or if with \
             one"
        )
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
    fn lists_are_gone_through_and_shown_as_go_does() {
        let networks = json!({"bridge": {"IPAddress": "172.17.0.2"}, "other": {"IPAddress": "10.0.0.2"}});
        let value =
            json!({"Networks": networks, "Env": ["A=b", "C=d"], "Labels": {"team": "x"}, "None": null, "Up": true});
        for (template, text) in [
            ("{{range .Networks}}{{.IPAddress}} {{end}}.", "172.17.0.2 10.0.0.2 ."),
            ("{{range .None}}x{{else}}nothing{{end}}", "nothing"),
            ("{{if .Up}}up{{else}}down{{end}}", "up"),
            ("{{if .None}}some{{end}}", ""),
            ("{{.Env}} {{.Labels}} {{.None}}", "[A=b C=d] map[team:x] <no value>"),
            ("{{index .Labels \"team\"}} {{index .Env 1}} {{len .Env}}", "x C=d 2"),
            ("{{range .Env}}{{if .}}{{.}},{{end}}{{end}}", "A=b,C=d,"),
        ] {
            assert_eq!(fill(template, &value).unwrap(), text, "{template}");
        }
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let error = fill("{{.State.Foo}}", &json!({"State": {"Status": 1}})).unwrap_err().to_string();
        assert!(error.contains("no Foo") && error.contains("Status"), "{error}");
        for wrong in
            ["{{.State", "{{range .}}", "{{end}}", "{{if .}}x{{else}}y", "{{upper .}}", "{{range $k, $v := .}}{{end}}"]
        {
            assert!(fill(wrong, &json!({})).is_err(), "{wrong}");
        }
    }
}
