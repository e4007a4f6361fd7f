//! When to try again: twice as long after each failure, capped, and not all nodes at the same moment.

use std::time::Duration;

use tokio::time::Instant;

/// A circuit breaker's memory.
#[derive(Debug)]
pub(super) struct Breaker {
    first: Duration,
    longest: Duration,
    /// Failures without a good time in between.
    failures: u32,
    up_since: Option<Instant>,
}

impl Breaker {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0, up_since: None }
    }

    /// The bus is there.
    pub(super) fn closed(&mut self) {
        self.up_since = Some(Instant::now());
    }

    /// The bus is gone, or was not there: how long nothing is to be tried. `random` is any number.
    ///
    /// What was up for longer than the longest wait counts as well; a bus that comes and goes does not.
    pub(super) fn opened(&mut self, random: u64) -> Duration {
        if self.up_since.take().is_some_and(|since| since.elapsed() >= self.longest) {
            self.failures = 0;
        }
        let doubled = self.first.saturating_mul(1 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        let most = doubled.min(self.longest);
        // "Equal jitter": at least half of it, so that there is a pause at all.
        let share = (random >> 11) as f64 / (1_u64 << 53) as f64;
        most / 2 + (most / 2).mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_the_longest_and_start_again_after_a_good_time() {
        let mut breaker = Breaker::new(FIRST, LONGEST);
        let waits: Vec<u128> = (0..9).map(|_| breaker.opened(0).as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(breaker.opened(0), LONGEST / 2);
        breaker.closed();
        tokio::time::advance(LONGEST / 2).await;
        assert_eq!(breaker.opened(0), LONGEST / 2);
        breaker.closed();
        tokio::time::advance(LONGEST).await;
        assert_eq!(breaker.opened(0), FIRST / 2);
        for _ in 0..1_000 {
            assert!(breaker.opened(u64::MAX) <= LONGEST);
        }
    }
}
