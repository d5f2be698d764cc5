//! Errors, as clients want them.

use ch01_namespaces::Failure;
use hyper::{Response, StatusCode};
use serde_json::json;

use super::body::{Body, json};

/// What a function of the API gives.
pub type Answer = Result<Response<Body>, ApiError>;

/// An error with its status.
#[derive(Debug)]
pub struct ApiError {
    /// HTTP's.
    pub status: StatusCode,
    /// The sentence. The docker client shows it, and looks in it for words that say how a start failed.
    pub message: String,
}

impl ApiError {
    /// With a status.
    pub fn new(status: StatusCode, message: impl Into<String>) -> ApiError {
        ApiError { status, message: message.into() }
    }

    /// What the request says makes no sense.
    pub fn bad(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, message)
    }

    /// It isn't there.
    pub fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, message)
    }

    /// As an answer.
    pub fn response(&self) -> Response<Body> {
        json(self.status, &json!({"message": self.message}))
    }
}

// ANCHOR: from
/// An error of the engine's: its words say which status is right.
impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> ApiError {
        let failure = Failure::from_error(&error);
        let message = failure.to_string();
        let is = |words: &[&str]| words.iter().any(|word| message.contains(word));
        let status = if is(&["No such", "no such", "there is no", "not found: "]) {
            StatusCode::NOT_FOUND
        } else if is(&["has not answered"]) {
            StatusCode::SERVICE_UNAVAILABLE
        } else if is(&[
            "Conflict",
            "in use",
            "is not running",
            "is already",
            "is paused",
            "cannot remove",
            "not paused",
        ]) {
            StatusCode::CONFLICT
        } else if is(&["invalid", "Invalid", "is not supported", "cannot be", "no command"]) {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        };
        ApiError { status, message }
    }
}
// ANCHOR_END: from

/// A start that failed: the client makes exit status 127 or 126 of it by its words.
pub fn start_failed(error: &anyhow::Error) -> ApiError {
    let failure = Failure::from_error(error);
    let text = failure.to_string();
    let message = match failure.exit_code {
        127 => format!("failed to create task for container: executable file not found in $PATH: {text}"),
        126 => format!("failed to create task for container: permission denied: {text}"),
        _ => text,
    };
    let status = match failure.exit_code {
        126 | 127 => StatusCode::BAD_REQUEST,
        _ => ApiError::from(anyhow::anyhow!("{message}")).status,
    };
    ApiError { status, message }
}
