//! Timing two things side by side. Machines are noisy: only a ratio of times of one run, taken in turns,
//! means anything. Of each side the least time counts, since whoever else is busy on the machine can only
//! add to it; and it is the processor time of one thread that is taken, so that being preempted does not
//! make the longer side look longer.

use cpu_time::ThreadTime;
use std::time::Duration;

/// One measured ratio.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Ratio {
    /// What was compared.
    pub name: String,
    /// How many times faster the first was than the second.
    pub ratio: f64,
    /// The least time of the first, in seconds. Only good for orders of magnitude.
    pub fast_seconds: f64,
    /// The least time of the second, in seconds.
    pub slow_seconds: f64,
}

/// Runs both in turns, `rounds` times each; each closure prepares, then returns how long the timed part
/// took (see [`timed`]).
pub fn compare(
    name: impl Into<String>,
    rounds: u32,
    mut fast: impl FnMut() -> Duration,
    mut slow: impl FnMut() -> Duration,
) -> Ratio {
    let mut least = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds.max(1) {
        least = (least.0.min(fast()), least.1.min(slow()));
    }
    let (fast, slow) = least;
    Ratio {
        name: name.into(),
        ratio: slow.as_secs_f64() / fast.as_secs_f64().max(f64::MIN_POSITIVE),
        fast_seconds: fast.as_secs_f64(),
        slow_seconds: slow.as_secs_f64(),
    }
}

/// How much processor time `work` takes in this thread. The clock's resolution is the least it reports.
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = ThreadTime::now();
    work();
    start.elapsed().max(Duration::from_nanos(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_slow_over_fast() {
        let ratio = compare("x", 3, || Duration::from_millis(2), || Duration::from_millis(10));
        assert!((ratio.ratio - 5.0).abs() < 1e-9, "{ratio:?}");
    }
}
