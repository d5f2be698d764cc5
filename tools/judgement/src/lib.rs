//! What is said of an answer, and how it gets from a chapter's program of checks to the workbook.

mod judgement;
mod report;

pub use judgement::{Blocked, Judgement, Outcome};
pub use report::{Claim, Report};
