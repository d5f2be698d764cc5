mod judge;
mod look;

use anyhow::Result;
use checker::{Judgement, Program};

use super::mistakes;

pub fn check(program: &Program) -> Result<Judgement> {
    Ok(judge::judge(&look::at(program)?))
}
