//! The main target: a program in binary form, in lockstep with the reference.
#![no_main]

use libfuzzer_sys::{fuzz_crossover, fuzz_mutator, fuzz_target};
use mm_diff::check::Target;
use mmdiff_fuzz::mutator;

fuzz_target!(|data: &[u8]| -> libfuzzer_sys::Corpus { mmdiff_fuzz::run(Target::Lockstep, data) });

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutator::mutate(data, size, max_size, seed)
});

fuzz_crossover!(|first: &[u8], second: &[u8], out: &mut [u8], seed: u32| {
    mutator::crossover(first, second, out, seed)
});
