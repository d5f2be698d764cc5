//! Whose function each step of `run` calls.

/// A step of `run`, by its exercise.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub id: &'static str,
    pub name: &'static str,
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
pub const STEPS: &[Step] = include!(concat!(env!("OUT_DIR"), "/steps.rs"));

/// `yours 1 (hostname), lent 0, not built yet: pid_one, …`
pub fn summary(steps: &[Step]) -> String {
    let of = |whose| steps.iter().filter(move |step| step.whose == whose);
    let counted = |whose| {
        let names: Vec<String> = of(whose).map(|step| format!("{} {}", step.id, step.name)).collect();
        if names.is_empty() { "0".to_string() } else { format!("{} ({})", names.len(), names.join(", ")) }
    };
    let missing: Vec<&str> = of(Whose::NotBuilt).map(|step| step.name).collect();
    let missing = if missing.is_empty() { String::new() } else { format!(", not built yet: {}", missing.join(", ")) };
    format!("yours {}, lent {}{missing}", counted(Whose::Yours), counted(Whose::Lent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_every_step_once() {
        let step = |name, whose| Step { id: "1.1", name, whose };
        let steps =
            [step("a", Whose::Yours), step("b", Whose::Lent), step("c", Whose::NotBuilt), step("d", Whose::NotBuilt)];
        assert_eq!(summary(&steps), "yours 1 (1.1 a), lent 1 (1.1 b), not built yet: c, d");
        assert_eq!(summary(&[step("a", Whose::Yours)]), "yours 1 (1.1 a), lent 0");
    }

    #[test]
    fn hostname_is_there_for_everyone() {
        assert!(STEPS.iter().any(|step| step.name == "hostname" && step.whose != Whose::NotBuilt));
    }
}
