//! Any bytes: the decoder refuses them or reads a program that survives being written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_diff::check::Target;

fuzz_target!(|data: &[u8]| -> libfuzzer_sys::Corpus { mmdiff_fuzz::run(Target::Codec, data) });
