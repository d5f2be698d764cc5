//! What this test program does when it is started again by one of its own tests.

use std::process::ExitCode;

use anyhow::Result;
use ch01_namespaces::{Container, Failure, Spec, Store, remove, start};
use serde::{Deserialize, Serialize};

use super::{Fault, in_reverse};

/// Crosses to the new process in an environment variable.
const VARIABLE: &str = "CORACLE_TEST_ROLE";

#[derive(Debug, Serialize, Deserialize)]
pub enum Act {
    Create { fault: Option<Fault<String>>, command: Vec<String> },
    Start,
    Remove,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Role {
    pub ground: std::path::PathBuf,
    pub act: Act,
}

impl Role {
    pub fn asked_for() -> Option<Role> {
        serde_json::from_str(&std::env::var(VARIABLE).ok()?).ok()
    }

    pub fn variable(&self) -> Result<(&'static str, String)> {
        Ok((VARIABLE, serde_json::to_string(self)?))
    }

    pub fn play(self) -> ExitCode {
        match self.act() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let failure = Failure::of(&error);
                eprintln!("{failure}");
                ExitCode::from(failure.exit_code)
            }
        }
    }

    fn act(self) -> Result<()> {
        let store = Store::open(&self.ground.join("store"))?;
        match self.act {
            Act::Create { fault, command } => {
                let spec = Spec {
                    name: Some("fake".into()),
                    command: command.into_iter().map(Into::into).collect(),
                    env: std::env::vars_os().collect(),
                    init: false,
                    foreground: false,
                };
                Container::create(&store, spec, in_reverse(self.ground, fault))?.leave();
                Ok(())
            }
            Act::Start => start(&store, "fake"),
            Act::Remove => remove(&store, "fake", false),
        }
    }
}
