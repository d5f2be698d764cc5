//! Events: those that were, those that are, and where they end.

use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::{Case, cases, eventually};

use crate::http::{ask, head, opened, status};
use crate::world::{Daemon, act, run, wait};

pub fn cases() -> Vec<Case> {
    cases![
        events_since_a_time_are_told_and_end_at_a_time_that_is_over,
        events_until_a_time_to_come_are_told_as_they_happen_and_end_then,
        a_time_or_a_filter_that_makes_no_sense_is_refused,
    ]
}

fn now() -> Result<f64> {
    Ok(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs_f64())
}

/// The actions of an answer's lines.
fn actions(answer: &str) -> Vec<String> {
    let lines = answer.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|event| event["Action"].as_str().map(String::from)).collect()
}

/// The actions between two times, which must have an end.
fn between(since: f64, until: f64) -> Result<Vec<String>> {
    let answer = ask(&format!("GET /v1.43/events?since={since:.9}&until={until:.9}"), &[])?;
    ensure!(status(&answer)? == 200, "{answer}");
    Ok(actions(&answer))
}

fn life(name: &str) -> Result<()> {
    let id = run(name, "exit 3", Value::Null)?;
    ensure!(wait(&id)? == 3);
    act("DELETE", &id)
}

const LIFE: [&str; 4] = ["create", "start", "die", "destroy"];

fn events_since_a_time_are_told_and_end_at_a_time_that_is_over() -> Result<()> {
    let _daemon = Daemon::start()?;
    let begin = now()?;
    life("first")?;
    eventually("the first life is reported", || Ok(between(begin, now()?)? == LIFE))?;
    let middle = now()?;
    life("second")?;
    eventually("the second life is reported", || Ok(between(middle, now()?)? == LIFE))?;
    ensure!(between(begin, middle)? == LIFE, "later changes are reported, too");
    ensure!(between(begin, now()?)?.len() == 8);
    ensure!(between(begin - 60.0, begin)?.is_empty());
    // Without `since`, what has been is not told.
    let answer = ask(&format!("GET /v1.43/events?until={:.9}", now()?), &[])?;
    ensure!(status(&answer)? == 200 && actions(&answer).is_empty(), "{answer}");
    let filters = "%7B%22event%22%3A%5B%22die%22%5D%2C%22container%22%3A%5B%22first%22%5D%7D";
    let answer = ask(&format!("GET /v1.43/events?since={begin:.9}&until={:.9}&filters={filters}", now()?), &[])?;
    ensure!(actions(&answer) == ["die"] && answer.contains("\"exitCode\":\"3\""), "{answer}");
    Ok(())
}

fn events_until_a_time_to_come_are_told_as_they_happen_and_end_then() -> Result<()> {
    let _daemon = Daemon::start()?;
    let begun = Instant::now();
    let until = now()? + 3.0;
    let mut stream = opened(&format!("GET /v1.43/events?until={until:.9}"))?;
    ensure!(head(&mut stream)?.starts_with("HTTP/1.1 200"));
    life("watched")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("it has no end")?;
    ensure!(begun.elapsed() >= Duration::from_secs(2), "it ended after {:?}", begun.elapsed());
    // On a busy machine the life may be longer than the stream.
    let told = actions(&answer);
    ensure!(!told.is_empty() && LIFE.starts_with(&told.iter().map(String::as_str).collect::<Vec<_>>()), "{told:?}");
    Ok(())
}

fn a_time_or_a_filter_that_makes_no_sense_is_refused() -> Result<()> {
    let _daemon = Daemon::start()?;
    for query in
        ["since=yesterday", "until=soon", "since=200&until=100", "filters=%7B%22colour%22%3A%5B%22red%22%5D%7D"]
    {
        let answer = ask(&format!("GET /v1.43/events?{query}"), &[])?;
        ensure!(status(&answer)? == 400 && answer.contains("{\"message\":\"invalid "), "{query}: {answer}");
    }
    Ok(())
}
