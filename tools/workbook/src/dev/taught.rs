//! What the book and the hints say of an exercise.

use anyhow::Result;

use crate::checkout::Checkout;
use crate::exercises;
use crate::files::read_if_there;

pub fn hints_and_pages_exist(checkout: &Checkout) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for exercise in exercises::all() {
        if exercise.hints.len() < 2 {
            problems.push(format!("{} has {} hints; two at least", exercise.id, exercise.hints.len()));
        }
        let page = checkout.path("book/src").join(exercise.page);
        match read_if_there(&page)? {
            None => problems.push(format!("{}: there is no page book/src/{}", exercise.id, exercise.page)),
            Some(text) => {
                let takes = format!("*About {} minutes, {}.*", exercise.minutes, exercise.difficulty);
                let missing = [
                    (
                        format!("cargo wb check {}", exercise.id),
                        says(&text, &format!("cargo wb check {}", exercise.id)),
                    ),
                    (takes.clone(), section(&text, exercise.id).contains(&takes)),
                    (format!("# {} …", exercise.page_number()), has_number(&text, exercise.page_number())),
                ];
                let missing = missing.into_iter().filter(|(_, is_there)| !is_there);
                problems.extend(missing.map(|(what, _)| format!("book/src/{} doesn't say `{what}`", exercise.page)));
            }
        }
    }
    Ok(problems)
}

/// Not as the beginning of a longer number.
fn says(text: &str, command: &str) -> bool {
    text.split(command).skip(1).any(|after| !after.starts_with(|next: char| next.is_ascii_alphanumeric()))
}

/// What the page says of the exercise: from its heading to the next one.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let begin = page.find(&format!("\n## Exercise {id}: ")).map_or(page.len(), |place| place + 1);
    page[begin..].split("\n## ").next().unwrap_or_default()
}

/// An exercise has the number of its page.
fn has_number(page: &str, number: &str) -> bool {
    page.strip_prefix("# ").and_then(|title| title.split(' ').next()) == Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_number_is_another_exercise() {
        assert!(says("`cargo wb check 1.1`, or later", "cargo wb check 1.1") && says("check 1.1", "check 1.1"));
        assert!(!says("cargo wb check 1.10\n", "cargo wb check 1.1"));
    }

    #[test]
    fn an_exercise_is_on_the_page_of_its_number_and_says_how_long_it_takes() {
        let page = "# 1.3 PID namespaces\n\n## Exercise 1.3a: `f`\n\n*About 5 minutes, easy.*\n\n## Exercise 1.3b: `g`\n\nMore.\n";
        assert!(section(page, "1.3a").contains("5 minutes") && !section(page, "1.3b").contains("5 minutes"));
        assert_eq!(section(page, "1.3"), "");
        assert!(has_number(page, "1.3") && !has_number(page, "1") && !has_number(page, "1.31"));
    }
}
