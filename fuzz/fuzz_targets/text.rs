//! Any text: parser, printer and formatter agree on it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mm_diff::check::Target;

fuzz_target!(|data: &[u8]| -> libfuzzer_sys::Corpus { mmdiff_fuzz::run(Target::Text, data) });
