use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// How long the rounds took.
#[derive(Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Runs it once more, from start to exit.
    pub fn add(&mut self, command: &mut Command) -> Result<()> {
        let begin = Instant::now();
        ensure!(command.status()?.success(), "{command:?} failed");
        self.0.push(begin.elapsed());
        Ok(())
    }

    /// In milliseconds.
    pub fn median(&self) -> f64 {
        median(self.0.iter().map(|time| time.as_secs_f64() * 1e3).collect())
    }

    /// How many times as long as `floor`: the median of the rounds' ratios, so that a slow moment
    /// counts once.
    pub fn ratio_to(&self, floor: &Times) -> f64 {
        median(self.0.iter().zip(&floor.0).map(|(time, floor)| time.as_secs_f64() / floor.as_secs_f64()).collect())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(milliseconds: [u64; 3]) -> Times {
        Times(milliseconds.map(Duration::from_millis).to_vec())
    }

    #[test]
    fn one_slow_round_moves_neither_median_nor_ratio() {
        let (run, floor) = (times([4, 90, 6]), times([2, 3, 3]));
        assert_eq!(run.median(), 6.0);
        assert_eq!(run.ratio_to(&floor), 2.0);
    }
}
