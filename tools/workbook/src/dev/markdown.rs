//! As much of Markdown as a check of links needs: where code is, what links where, and the ids of
//! headings.

use std::collections::BTreeSet;

/// The page's lines with everything that is code, and HTML comments, blanked out.
pub fn without_code(page: &str) -> String {
    let mut fence: Option<&str> = None;
    let mut text = String::new();
    for line in page.lines() {
        let trimmed = line.trim_start();
        let marker = ["```", "~~~"].into_iter().find(|marker| trimmed.starts_with(marker));
        match (fence, marker) {
            (None, Some(marker)) => fence = Some(marker),
            (Some(open), Some(marker)) if open == marker && trimmed.trim_end().chars().all(|c| marker.contains(c)) => {
                fence = None;
            }
            (None, None) => text.push_str(&without_spans(line)),
            _ => {}
        }
        text.push('\n');
    }
    without_comments(&text)
}

/// A line without its code spans: a run of backticks ends at the next run of the same length.
fn without_spans(line: &str) -> String {
    let mut rest = line;
    let mut text = String::new();
    while let Some(start) = rest.find('`') {
        let length = rest[start..].bytes().take_while(|&byte| byte == b'`').count();
        let run = &rest[start..start + length];
        let inside = &rest[start + length..];
        text.push_str(&rest[..start]);
        match inside.find(run) {
            Some(end) => rest = &inside[end + length..],
            None => rest = inside,
        }
    }
    text + rest
}

/// What is left keeps its lines.
fn without_comments(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("<!--") {
        kept.push_str(before);
        let (comment, after) = after.split_once("-->").unwrap_or((after, ""));
        kept.extend(comment.chars().filter(|letter| *letter == '\n'));
        rest = after;
    }
    kept + rest
}

/// What the page links to: inline links and images, reference definitions, and HTML attributes.
pub fn links(page: &str) -> Vec<String> {
    let text = without_code(page);
    let mut found = Vec::new();
    for (start, _) in text.match_indices("](") {
        found.extend(destination(&text[start + 2..]));
    }
    for line in text.lines() {
        let definition = line.trim_start().strip_prefix('[').and_then(|line| line.split_once("]:"));
        found.extend(definition.and_then(|(_, rest)| rest.split_whitespace().next()).map(ToString::to_string));
    }
    for attribute in ["href=\"", "src=\"", "srcset=\""] {
        for (start, _) in text.match_indices(attribute) {
            let value = text[start + attribute.len()..].split('"').next();
            found.extend(value.and_then(|value| value.split_whitespace().next()).map(ToString::to_string));
        }
    }
    found
}

/// The destination at the start of `rest`, which follows `](`: up to a blank or the closing
/// parenthesis, or in `<…>`.
fn destination(rest: &str) -> Option<String> {
    let rest = rest.trim_start();
    if let Some(quoted) = rest.strip_prefix('<') {
        return quoted.split_once('>').map(|(destination, _)| destination.to_string());
    }
    let mut depth = 0;
    let end = rest.find(|letter: char| match letter {
        '(' => {
            depth += 1;
            false
        }
        ')' if depth > 0 => {
            depth -= 1;
            false
        }
        letter => letter == ')' || letter.is_whitespace(),
    })?;
    Some(rest[..end].to_string()).filter(|destination| !destination.is_empty())
}

/// What `#…` may name in the page: ids as mdBook makes them from headings, and those that are
/// given.
pub fn ids(page: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let code_blanked = without_code(page);
    // A heading's text counts with its code spans, so the line is taken from the page as it is.
    for (line, outside_of_code) in page.lines().zip(code_blanked.lines()) {
        let level = outside_of_code.bytes().take_while(|&byte| byte == b'#').count();
        if let Some(text) =
            line.get(level..).filter(|_| (1..=6).contains(&level)).and_then(|text| text.strip_prefix(' '))
        {
            let given = text.trim_end().strip_suffix('}').and_then(|text| text.rsplit_once("{#"));
            let id =
                given.map_or_else(|| id_of(text), |(_, id)| id.split_whitespace().next().unwrap_or("").to_string());
            let number = (1..).map(|number| format!("{id}-{number}"));
            let mut candidates = std::iter::once(id.clone()).chain(number);
            ids.extend(candidates.find(|candidate| !ids.contains(candidate)));
        }
    }
    for (start, _) in code_blanked.match_indices(" id=\"") {
        ids.extend(code_blanked[start + 5..].split('"').next().map(ToString::to_string));
    }
    ids
}

/// mdBook's rule: lower case, blanks to hyphens, and of the rest only letters, digits, `_` and `-`.
fn id_of(heading: &str) -> String {
    let text = text_of(heading);
    let letter = |letter: char| match letter {
        '_' | '-' => Some(letter),
        letter if letter.is_alphanumeric() => Some(letter),
        letter => letter.is_whitespace().then_some('-'),
    };
    text.trim().to_lowercase().chars().filter_map(letter).collect()
}

/// A heading's text: of a link only what is shown.
fn text_of(heading: &str) -> String {
    let mut rest = heading;
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once("](") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_of_several_lines_hides_no_heading_below_it() {
        assert!(ids("<!-- loosely\npid {..}\n-->\n```console\n$ x\n```\n\n## Head\n").contains("head"));
    }

    #[test]
    fn links_of_every_form_are_found() {
        let page = "[a](one.md) ![b](two.svg \"title\") [c](<three four.md>) [d](wiki_(x).md)\n[e]: five.md\n\
                    <img src=\"six.svg\"><a href=\"seven.md\">x</a>\n";
        let found = links(page);
        assert_eq!(found, ["one.md", "two.svg", "three four.md", "wiki_(x).md", "five.md", "seven.md", "six.svg"]);
    }

    #[test]
    fn what_is_in_code_or_in_a_comment_is_no_link() {
        let page =
            "`[a](one.md)` ``[`b`](two.md)``\n```text\n[c](three.md)\n~~~\n```\n<!-- [d](four.md) -->\n[e](five.md)\n";
        assert_eq!(links(page), ["five.md"]);
    }

    #[test]
    fn ids_are_those_that_mdbook_makes() {
        let page = "# The UTS namespace: `uname(2)`\n## Again\n## Again\n### Given {#mine}\n```sh\n# no heading\n```\n<a id=\"here\">\n";
        let expected = ["again", "again-1", "here", "mine", "the-uts-namespace-uname2"];
        assert_eq!(ids(page).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_link_in_a_heading_counts_with_its_text_only() {
        assert!(ids("## See [unshare(2)](https://man7.org/x) now\n").contains("see-unshare2-now"));
    }
}
