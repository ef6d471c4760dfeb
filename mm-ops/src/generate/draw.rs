//! Where random decisions come from: a generator seeded with a number, or the bytes of a fuzzer.
//! Distributions are written out here, not taken from a library, so that a seed means the same
//! program in every version of every dependency.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// The random generator of a seed. `stream` tells apart several generators of one seed, such as
/// those of parallel workers.
#[must_use]
pub fn seeded(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&stream.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// A source of decisions. Zero is what an exhausted source answers, so every decision gives its
/// most ordinary answer the lowest numbers.
pub(crate) trait Draw {
    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: u32) -> u32;

    /// True once in `n` times.
    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) + 1 == n
    }

    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// One of these, of which there is at least one.
    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u32) as usize]
    }

    /// One of the bits set in `mask`, of which there is at least one.
    fn bit(&mut self, mut mask: u32) -> u8 {
        for _ in 0..self.below(mask.count_ones()) {
            mask &= mask - 1;
        }
        mask.trailing_zeros() as u8
    }
}

impl<R: RngCore + ?Sized> Draw for R {
    fn below(&mut self, bound: u32) -> u32 {
        // The bias is below 1 in 2^32 / bound: nothing a fuzzer could notice.
        ((u64::from(self.next_u32()) * u64::from(bound)) >> 32) as u32
    }
}

/// A weighted choice among `N` things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weights<const N: usize> {
    weights: [u16; N],
    /// Of each thing, the weights up to its own.
    sums: [u32; N],
}

impl<const N: usize> Weights<N> {
    /// The choice with these weights. Where all are 0, the first thing is always chosen.
    pub(crate) fn new(weights: [u16; N]) -> Self {
        let mut sum = 0;
        let sums = weights.map(|weight| {
            sum += u32::from(weight);
            sum
        });
        Self { weights, sums }
    }

    pub(crate) fn weights(&self) -> &[u16; N] {
        &self.weights
    }

    /// The place of the thing chosen.
    pub(crate) fn draw(&self, draw: &mut (impl Draw + ?Sized)) -> usize {
        let total = self.sums.last().map_or(0, |sum| *sum);
        let ticket = draw.below(total.max(1));
        let place = self.sums.partition_point(|sum| *sum <= ticket);
        if place < N { place } else { 0 }
    }
}
