use super::*;

fn size() -> Size {
    Size { cpus: vec![0, 1], nodes: vec![0], memory: 4 << 30, swap: 0, pids: 32_768 }
}

fn refused(limits: Limits, words: &str) {
    let error = limits.check(&size()).expect_err(words).to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn memory_that_makes_no_sense_is_told() {
    let memory = Some(64 << 20);
    refused(Limits { memory: Some(1 << 20), ..Limits::default() }, "at least 6m");
    refused(Limits { memory: Some(8 << 30), ..Limits::default() }, "would never be reached");
    refused(Limits { memory_swap: Some(Swap::Total(1)), ..Limits::default() }, "give --memory too");
    refused(Limits { memory, memory_swap: Some(Swap::Total(1 << 20)), ..Limits::default() }, "less than --memory");
    refused(Limits { memory, memory_reservation: Some(1 << 30), ..Limits::default() }, "more than --memory");
    refused(Limits { memory_reservation: Some(8 << 30), ..Limits::default() }, "would never be reached");
}

#[test]
fn processors_that_make_no_sense_are_told() {
    let quota = |quota, period| Limits { quota: Some(Quota::Most(quota)), period: Some(period), ..Limits::default() };
    refused(quota(300_000, 100_000), "this machine has 2");
    refused(quota(500, 100_000), "from 1000");
    refused(quota(1000, 10), "out of range");
    refused(Limits { cpu_shares: Some(1), ..Limits::default() }, "2 to 262144");
    refused(Limits { cpuset_cpus: Some("0-7".into()), ..Limits::default() }, "there is no 2");
    refused(Limits { cpuset_cpus: Some("2-0".into()), ..Limits::default() }, "no list");
    refused(Limits { cpuset_mems: Some("1".into()), ..Limits::default() }, "there is no 1");
    assert!(quota(200_000, 100_000).check(&size()).is_ok());
    // More than in a usual period, and perhaps not in the one that the container has.
    assert!(Limits { quota: Some(Quota::Most(300_000)), ..Limits::default() }.check(&size()).is_ok());
}

#[test]
fn counts_and_weights_that_make_no_sense_are_told() {
    refused(Limits { pids: Some(Pids::Most(0)), ..Limits::default() }, "not even the command");
    refused(Limits { pids: Some(Pids::Most(1 << 20)), ..Limits::default() }, "never be reached");
    refused(Limits { io_weight: Some(5), ..Limits::default() }, "10 to 1000");
    let throttle = Throttle { device: (8, 0), rate: Rate::ReadBps, most: 1 };
    refused(Limits { throttles: vec![throttle, throttle], ..Limits::default() }, "say it once");
    // v1 keeps 32 bits: this would be none at all.
    let count = Throttle { device: (8, 0), rate: Rate::WriteIops, most: 1 << 32 };
    refused(Limits { throttles: vec![count], ..Limits::default() }, "never be reached");
}

#[test]
fn a_fifth_of_a_processor_is_a_fifth_of_the_period() {
    assert_eq!(Quota::of_cpus(0.2), Quota::Most(20_000));
}

#[test]
fn lists_are_the_kernels() {
    assert_eq!(numbers("0-2,4\n"), Some(vec![0, 1, 2, 4]));
    for bad in ["", "a", "1-", "3-1", "0,,1", "-1", "0-99999999"] {
        assert_eq!(numbers(bad), None, "{bad}");
    }
}
