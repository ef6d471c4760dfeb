//! What the targets share on libFuzzer's side: the subject, the mutator and crossover over programs,
//! the extra counters, and the figures of a run. What is checked of an input is in `mm_diff::check`;
//! a target is a line or two.
//!
//! Environment variables narrow a run; none of them is needed:
//!
//! * `MMDIFF_FAULT=NAME` switches a planted fault on (a build with the feature `faults`);
//! * `MMDIFF_COUNTERS=off` leaves libFuzzer with the coverage of code alone;
//! * `MMDIFF_MUTATOR=off` leaves it with its own mutations of bytes;
//! * `MMDIFF_STATS=DIR` adds a file with the numbers of programs and operations run.

mod counters;
pub mod mutator;
mod stats;
mod subject;

use libfuzzer_sys::Corpus;
use mm_diff::check::{Checks, Target, Verdict};
use mm_diff::engine::Scan;
use mm_diff::{Observer, StepView};
use mm_model::Model;
use stats::Stats;
use std::cell::RefCell;

/// Whether an environment variable says `off`.
fn is_off(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| value == "off")
}

/// Everything kept from input to input.
struct Harness {
    checks: Checks<Model, fn() -> Model>,
    features: Features,
    stats: Stats,
}

/// Tells libFuzzer what a program showed.
struct Features {
    scan: Scan,
    exported: bool,
    ops: u64,
}

impl Observer for Features {
    fn step(&mut self, step: &StepView<'_>) {
        self.ops += 1;
        if self.exported {
            self.scan.step(step, counters::count);
        }
    }
}

thread_local! {
    static HARNESS: RefCell<Harness> = RefCell::new(Harness {
        checks: Checks::new(subject::model),
        features: Features { scan: Scan::default(), exported: !is_off("MMDIFF_COUNTERS"), ops: 0 },
        stats: Stats::new(),
    });
}

/// Checks an input of a target.
///
/// # Panics
/// When a check fails: that is how libFuzzer is told.
pub fn run(target: Target, input: &[u8]) -> Corpus {
    HARNESS.with_borrow_mut(|Harness { checks, features, stats }| {
        features.scan.start();
        let ops_before = features.ops;
        let verdict = checks.run(target, input, features);
        stats.add(features.ops - ops_before);
        match verdict {
            Verdict::Passed => Corpus::Keep,
            Verdict::Rejected => Corpus::Reject,
            Verdict::Failed(objection) => {
                stats.write();
                panic!("{target}: {objection}");
            }
        }
    })
}
