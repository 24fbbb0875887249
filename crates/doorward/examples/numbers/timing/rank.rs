//! Whether samples are of one kind: medians, and the test of Kruskal and Wallis (1952).

use std::time::Duration;

/// The one in the middle.
pub(super) fn median(samples: &[Duration]) -> Duration {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// How likely it is that the ranks of the groups differ by this much where all are of one kind.
pub(super) fn p_of(groups: &[Vec<Duration>]) -> f64 {
    let numbered = groups.iter().enumerate();
    let mut all: Vec<(Duration, usize)> =
        numbered.flat_map(|(group, samples)| samples.iter().map(move |sample| (*sample, group))).collect();
    all.sort_unstable();
    let mut sums = vec![0.0; groups.len()];
    for (rank, (_, group)) in all.iter().enumerate() {
        sums[*group] += rank as f64 + 1.0;
    }
    let count = all.len() as f64;
    let squares: f64 = sums.iter().zip(groups).map(|(sum, samples)| sum * sum / samples.len() as f64).sum();
    let h = 12.0 / (count * (count + 1.0)) * squares - 3.0 * (count + 1.0);
    beyond(h, groups.len() - 1)
}

/// The part of a chi-squared distribution that lies beyond `value`, by the recurrence of the incomplete gamma function
/// (Abramowitz and Stegun, 26.4.4 and 26.4.5).
fn beyond(value: f64, degrees: usize) -> f64 {
    let half = value.max(0.0) / 2.0;
    let (mut part, mut term, mut at) = if degrees.is_multiple_of(2) {
        ((-half).exp(), (-half).exp(), 1.0)
    } else {
        (erfc(half.sqrt()), (-half).exp() / (std::f64::consts::PI * half.max(f64::MIN_POSITIVE)).sqrt(), 0.5)
    };
    while at < degrees as f64 / 2.0 {
        term *= half / at;
        part += term;
        at += 1.0;
    }
    part
}

/// The complement of the error function, to seven digits (Abramowitz and Stegun, 7.1.26).
fn erfc(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let factors = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    let sum = factors.iter().fold(0.0, |sum, factor| (sum + factor) * t);
    sum * (-x * x).exp()
}
