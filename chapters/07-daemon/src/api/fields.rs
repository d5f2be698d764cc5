//! The fields of a request's body: of the right types, and none that is dropped in silence.

use serde_json::Value;

use super::error::ApiError;
use crate::host_config::is_like;

/// The body as JSON. Its fields are those of the example; another one that says something is
/// refused by its name.
pub fn read(body: &[u8], example: &Value) -> Result<Value, ApiError> {
    let asked: Value = serde_json::from_slice(body).map_err(|error| ApiError::bad(format!("invalid JSON: {error}")))?;
    if !asked.is_object() {
        return Err(ApiError::bad("invalid request: the body must be a JSON object"));
    }
    let wrong = |message: String| ApiError::bad(format!("invalid request: {message}"));
    is_like(&asked, example, "").map_err(wrong)?;
    match unknown(&asked, example, "") {
        None => Ok(asked),
        Some(field) => Err(wrong(format!("{field} is not supported by Coracle\ncure: omit it"))),
    }
}

/// The first field that says something and isn't in the example, where `*` is any.
fn unknown(value: &Value, example: &Value, at: &str) -> Option<String> {
    match (value, example) {
        (Value::Object(fields), Value::Object(known)) => fields.iter().find_map(|(name, value)| {
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            match known.get(name).or(known.get("*")) {
                Some(example) => unknown(value, example, &at),
                None => says_something(value).then_some(at),
            }
        }),
        (Value::Array(all), Value::Array(example)) => {
            let unknown = |(index, value)| unknown(value, &example[0], &format!("{at}[{index}]"));
            all.iter().enumerate().find_map(unknown)
        }
        _ => None,
    }
}

/// Whether there is more in a value than what clients send for "nothing".
pub fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(set) => *set,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => list.iter().any(says_something),
        Value::Object(map) => map.values().any(says_something),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_that_is_not_known_is_refused_if_it_says_something() {
        let example = json!({"Name": "", "Labels": {"*": ""}, "IPAM": {"Config": [{"Subnet": ""}]}});
        let refusal = |asked: Value| read(asked.to_string().as_bytes(), &example).err().map(|error| error.message);
        for (asked, field) in [
            (
                json!({"IPAM": {"Config": [{"Subnet": "a"}, {"IPRange": "b"}]}}),
                "IPAM.Config[1].IPRange is not supported",
            ),
            (json!({"Colour": "red"}), "Colour is not supported"),
            (json!({"name": "x"}), "name is not known: write Name"),
            (json!({"Labels": ["a"]}), "Labels is [\"a\"], and must be"),
        ] {
            let told = refusal(asked).unwrap();
            assert!(told.contains(field), "{told}");
        }
        let nothing = json!({"Name": "x", "Labels": {"any": "y"}, "ConfigFrom": {"Network": ""}, "Ingress": false});
        assert_eq!(refusal(nothing), None);
    }
}
