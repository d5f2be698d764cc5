//! Which devices may be made and opened: rules as Docker's `--device-cgroup-rule` has them.

use std::fmt;

/// Block or character devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `b`
    Block,
    /// `c`
    Character,
    /// `a`: both.
    All,
}

/// One kind of use that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Of which devices.
    pub kind: Kind,
    /// `None` is any.
    pub major: Option<u32>,
    /// `None` is any.
    pub minor: Option<u32>,
    /// `r`: open for reading.
    pub read: bool,
    /// `w`: open for writing.
    pub write: bool,
    /// `m`: make a node with mknod(2).
    pub make: bool,
}

impl Rule {
    const fn character(major: u32, minor: Option<u32>) -> Rule {
        Rule { kind: Kind::Character, major: Some(major), minor, read: true, write: true, make: true }
    }

    /// `a *:* rwm`
    pub fn is_everything(&self) -> bool {
        self.kind == Kind::All && self.major.is_none() && self.minor.is_none() && self.read && self.write && self.make
    }
}

/// What every container may use: the six devices of chapter 2, its terminals, and making (not
/// opening) nodes of any kind, which does no harm by itself.
pub const DEFAULT: [Rule; 10] = [
    Rule { kind: Kind::Character, major: None, minor: None, read: false, write: false, make: true },
    Rule { kind: Kind::Block, major: None, minor: None, read: false, write: false, make: true },
    Rule::character(1, Some(3)),
    Rule::character(1, Some(5)),
    Rule::character(1, Some(7)),
    Rule::character(1, Some(8)),
    Rule::character(1, Some(9)),
    Rule::character(5, Some(0)),
    Rule::character(5, Some(2)),
    Rule::character(136, None),
];

// ANCHOR: numbers
/// The kernel's own numbers have 12 and 20 bits (MINORBITS in linux/kdev_t.h). The check
/// is not for tidiness: to v1's files 4294967295, which is -1 there, means *any* device.
const MAJORS: u32 = (1 << 12) - 1;
const MINORS: u32 = (1 << 20) - 1;
// ANCHOR_END: numbers

/// `c 1:3 rwm`, `b 8:* r`, `a *:* rwm`.
impl std::str::FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Rule, String> {
        let wrong =
            || format!("{text:?} is no rule for devices: write 'c 1:3 rwm' (a, b or c; major:minor or *; of r, w, m)");
        let mut words = text.split_whitespace();
        let mut word = || words.next().ok_or_else(wrong);
        let (kind, numbers, uses) = (word()?, word()?, word()?);
        if words.next().is_some() || uses.is_empty() || uses.chars().any(|letter| !"rwm".contains(letter)) {
            return Err(wrong());
        }
        let kind = match kind {
            "a" => Kind::All,
            "b" => Kind::Block,
            "c" => Kind::Character,
            _ => return Err(wrong()),
        };
        let number = |text: &str, largest: u32| match text {
            "*" => Ok(None),
            digits => match digits.parse() {
                Ok(number) if number <= largest => Ok(Some(number)),
                Ok(_) => Err(format!("{digits} is no device's number: majors go to {MAJORS}, minors to {MINORS}")),
                Err(_) => Err(wrong()),
            },
        };
        let (major, minor) = numbers.split_once(':').ok_or_else(wrong)?;
        let (major, minor) = (number(major, MAJORS)?, number(minor, MINORS)?);
        let [read, write, make] = ['r', 'w', 'm'].map(|letter| uses.contains(letter));
        Ok(Rule { kind, major, minor, read, write, make })
    }
}

/// As the v1 files have it.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Block => 'b',
            Kind::Character => 'c',
            Kind::All => 'a',
        };
        let number = |number: Option<u32>| number.map_or_else(|| "*".into(), |number| number.to_string());
        write!(f, "{kind} {}:{} ", number(self.major), number(self.minor))?;
        let uses = [(self.read, "r"), (self.write, "w"), (self.make, "m")];
        uses.iter().filter(|(allowed, _)| *allowed).try_for_each(|(_, letter)| f.write_str(letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_and_written_alike() {
        for text in ["c 1:3 rwm", "b 8:* r", "a *:* rwm", "c *:* m"] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_rule_is_told() {
        for text in ["", "c", "c 1:3", "d 1:3 r", "c 1 r", "c 1:x r", "c 1:3 rx", "c 1:3 r w", "c -1:3 r"] {
            assert!(text.parse::<Rule>().unwrap_err().contains("no rule"), "{text}");
        }
    }

    #[test]
    fn a_number_that_no_device_has_is_not_taken_for_any() {
        assert!("c 4095:1048575 r".parse::<Rule>().is_ok());
        for text in
            ["c 4294967295:4294967295 rwm", "c 4294967295:3 r", "c 1:4294967295 r", "b 4096:0 r", "c 1:1048576 r"]
        {
            assert!(text.parse::<Rule>().unwrap_err().contains("no device's number"), "{text}");
        }
    }
}
