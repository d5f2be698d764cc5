//! From v1's numbers, which Docker's flags have, to v2's.

/// `cpu.shares` of v1: 2 to 262144, 1024 unless told.
pub const SHARES: std::ops::RangeInclusive<u64> = 2..=262_144;

/// `blkio.weight` of v1: 10 to 1000, 500 unless told.
pub const IO_WEIGHT: std::ops::RangeInclusive<u64> = 10..=1000;

// ANCHOR: cpu_weight
/// `cpu.shares` as `cpu.weight` (1 to 10000, 100 unless told).
///
/// A line through the ends of both ranges would make 39 of the default of 1024, and did so for five
/// years: a container then got less than half of what its neighbours outside of containers got.
/// This is the quadratic curve (of the logarithms) through both ends *and* both defaults: 2 is 1,
/// 1024 is 100, 262144 is 10000.
///
/// Source: opencontainers/cgroups, pull request 20, `ConvertCPUSharesToCgroupV2Value`; in runc from
/// 1.3.2 on, and in crun from 1.23 on (pull request 1767).
pub fn cpu_weight(shares: u64) -> u64 {
    if shares <= *SHARES.start() {
        return 1;
    }
    if shares >= *SHARES.end() {
        return 10_000;
    }
    let l = (shares as f64).log2();
    10f64.powf((l * l + 125.0 * l) / 612.0 - 7.0 / 34.0).ceil() as u64
}
// ANCHOR_END: cpu_weight

/// A weight for block devices as `io.weight` (1 to 10000, 100 unless told): the line through the
/// ends, as runc and crun still have it (`ConvertBlkIOToIOWeightValue` in opencontainers/cgroups).
pub fn io_weight(weight: u64) -> u64 {
    1 + (weight.clamp(*IO_WEIGHT.start(), *IO_WEIGHT.end()) - 10) * 9999 / 990
}

/// v1 limits memory and swap together, and so do Docker's flags; v2 limits swap alone.
pub fn swap_alone(memory: u64, memory_and_swap: u64) -> u64 {
    memory_and_swap.saturating_sub(memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_defaults_of_shares_meet() {
        assert_eq!([2, 1024, 262_144].map(cpu_weight), [1, 100, 10_000]);
    }

    #[test]
    fn more_shares_never_give_less_weight_and_none_is_out_of_range() {
        assert!((1..262_200).all(|shares| cpu_weight(shares) <= cpu_weight(shares + 1)));
        assert_eq!([0, 300_000].map(cpu_weight), [1, 10_000]);
    }

    #[test]
    fn the_ends_of_io_weights_meet() {
        assert_eq!([10, 500, 1000].map(io_weight), [1, 4950, 10_000]);
    }

    #[test]
    fn swap_is_what_is_left() {
        assert_eq!(swap_alone(64, 100), 36);
        assert_eq!(swap_alone(64, 64), 0);
    }
}
