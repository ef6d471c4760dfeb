//! Any bytes: `Arbitrary` makes a program of them, without a custom mutator, for engines that know bytes only.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_diff::check::Target;

fuzz_target!(|data: &[u8]| -> libfuzzer_sys::Corpus { mmdiff_fuzz::run(Target::Bytes, data) });
