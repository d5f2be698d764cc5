//! Whose function each step of `run` calls.

/// A step of `run`, by its exercise.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub id: &'static str,
    pub whose: Whose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "the build script decides which of them occur")]
pub enum Whose {
    /// The learner's answer, which has passed.
    Yours,
    /// The solution.
    Lent,
    /// There is no such exercise yet; `run` does without.
    NotBuilt,
}

/// In the order of `exercises/README.md`.
pub const STEPS: &[Step] = include!(concat!(env!("OUT_DIR"), "/", env!("CARGO_CRATE_NAME"), "/steps.rs"));

/// `your functions: 1.2-1.4 1.10; sample solutions: 1.9 2.1`. By number: names would fill the
/// screen.
pub fn summary(steps: &[Step]) -> String {
    let of = |whose| numbers(steps, whose);
    let yours = if of(Whose::Yours).is_empty() { "none yet".to_string() } else { of(Whose::Yours) };
    let mut said = format!("your functions: {yours}");
    for (what, whose) in [("sample solutions", Whose::Lent), ("without", Whose::NotBuilt)] {
        if !of(whose).is_empty() {
            said.push_str(&format!("; {what}: {}", of(whose)));
        }
    }
    said
}

/// The numbers of those steps, neighbours drawn together.
fn numbers(steps: &[Step], whose: Whose) -> String {
    let mut ranges: Vec<(&str, &str)> = Vec::new();
    let mut neighbour = false;
    for step in steps {
        match ranges.last_mut() {
            _ if step.whose != whose => {}
            Some(last) if neighbour => last.1 = step.id,
            _ => ranges.push((step.id, step.id)),
        }
        neighbour = step.whose == whose;
    }
    let words = ranges.iter().map(|(from, to)| if from == to { (*from).into() } else { format!("{from}-{to}") });
    words.collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_every_step_once() {
        let step = |id, whose| Step { id, whose };
        let steps = [
            step("1.1", Whose::Yours),
            step("1.2", Whose::Lent),
            step("1.3", Whose::Yours),
            step("1.4", Whose::Yours),
            step("2.1", Whose::NotBuilt),
        ];
        assert_eq!(summary(&steps), "your functions: 1.1 1.3-1.4; sample solutions: 1.2; without: 2.1");
        assert_eq!(summary(&steps[..1]), "your functions: 1.1");
        assert_eq!(summary(&steps[1..2]), "your functions: none yet; sample solutions: 1.2");
    }

    #[test]
    fn hostname_is_there_for_everyone() {
        assert!(STEPS.iter().any(|step| step.id == "1.2" && step.whose != Whose::NotBuilt));
    }
}
