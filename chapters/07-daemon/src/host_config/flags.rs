//! Flags of chapter 6's in the making.

use serde_json::Value;

/// Flags in the making.
#[derive(Default)]
pub struct Flags(pub Vec<String>);

impl Flags {
    /// A value.
    pub fn value(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.push(format!("--{name}={value}"));
    }

    /// A text that isn't empty.
    pub fn text(&mut self, name: &str, value: &Value) {
        if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
            self.value(name, text);
        }
    }

    /// Each of a list of texts.
    pub fn each(&mut self, name: &str, value: &Value) {
        value.as_array().into_iter().flatten().for_each(|value| self.text(name, value));
    }

    /// A number that isn't 0.
    pub fn number(&mut self, name: &str, value: &Value) {
        if let Some(number) = value.as_i64().filter(|number| *number != 0) {
            self.value(name, number);
        }
    }

    /// A switch that is on.
    pub fn set(&mut self, name: &str, value: &Value) {
        if value.as_bool() == Some(true) {
            self.0.push(format!("--{name}"));
        }
    }
}
