//! A small checkout for tests, and what a workbook says in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub const EXERCISE: &str = "exercises/01-namespaces/hostname.rs";
pub const WORKBOOK: &str = env!("CARGO_BIN_EXE_workbook");
const SOLUTIONS: &str = "solutions";

/// A directory that looks like a checkout; dropped, it is removed.
pub struct Checkout(pub PathBuf);

impl Checkout {
    pub fn new(name: &str) -> Checkout {
        let top = std::env::temp_dir().join(format!("wb-verbs-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&top);
        let checkout = Checkout(top);
        checkout.write("Cargo.lock", "");
        checkout.copy_solutions();
        fs::create_dir_all(checkout.0.join("exercises")).expect("a temporary directory");
        assert_eq!(checkout.wb(&["dev", "starters"]).code, 0);
        checkout
    }

    fn copy_solutions(&self) {
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(SOLUTIONS);
        let entries = fs::read_dir(real).expect("the solutions").flatten();
        for chapter in entries.filter(|entry| entry.path().is_dir()) {
            for file in fs::read_dir(chapter.path()).expect("a chapter's solutions").flatten() {
                if let Ok(text) = fs::read_to_string(file.path()) {
                    let place = Path::new(SOLUTIONS).join(chapter.file_name()).join(file.file_name());
                    self.write(&place.to_string_lossy(), &text);
                }
            }
        }
    }

    pub fn write(&self, file: &str, text: &str) {
        let file = self.0.join(file);
        fs::create_dir_all(file.parent().expect("a directory")).expect("a temporary directory");
        fs::write(file, text).expect("a temporary file");
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap_or_default()
    }

    pub fn wb(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(WORKBOOK);
        command.current_dir(&self.0).args(arguments).stdin(Stdio::null()).env_remove("CARGO_TARGET_DIR");
        Said::from_output(command.output().expect("the workbook starts"))
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    fn from_output(output: Output) -> Said {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().expect("it ends by itself");
        Said { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}
